//! Numbers formatted for readers.

use crate::measure::Estimate;

/// Formats an estimate with its standard error: `0.5003 ± 0.0007`.
///
/// The error has one digit, or two if the first is 1; the mean has the same number of decimals. Very
/// large and very small numbers share an exponent: `(5.003 ± 0.007)e-9`. If the error is zero, the mean
/// stands alone with six significant digits. If the error is not finite, it reads `unknown`.
#[must_use]
pub fn plus_minus(estimate: Estimate) -> String {
    let Estimate { mean, se } = estimate;
    if !mean.is_finite() {
        return "not finite".into();
    }
    if !se.is_finite() {
        return format!("{} ± unknown", plain(mean));
    }
    if se == 0.0 {
        return plain(mean);
    }
    let last_digit = last_digit_exponent(se);
    let exponent = exponent(mean.abs().max(se));
    if (-4..7).contains(&exponent) && last_digit <= 0 {
        let digits = (-last_digit) as usize;
        return format!("{} ± {}", fixed(mean, digits), fixed(se, digits));
    }
    let digits = (exponent - last_digit).max(0) as usize;
    // Two divisions, because the whole power would underflow for the smallest numbers.
    let mantissa = |x: f64| x / 10_f64.powi(exponent / 2) / 10_f64.powi(exponent - exponent / 2);
    format!(
        "({} ± {})e{exponent}",
        fixed(mantissa(mean), digits),
        fixed(mantissa(se), digits)
    )
}

/// Formats with a fixed number of decimals, without a minus sign if all digits are zero.
fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    let zero = !text.contains(|c: char| matches!(c, '1'..='9'));
    if zero {
        text.trim_start_matches('-').into()
    } else {
        text
    }
}

/// Formats a number to six significant digits, without trailing zeros: `0.25`, `1.5e-9`.
#[must_use]
pub fn plain(x: f64) -> String {
    significant(x, 6)
}

/// Formats a number to the given number of significant digits, without trailing zeros.
#[must_use]
pub fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".into();
    }
    if !x.is_finite() {
        return if x.is_nan() {
            "NaN".into()
        } else if x > 0.0 {
            "∞".into()
        } else {
            "−∞".into()
        };
    }
    let scientific = format!("{x:.*e}", digits - 1);
    let (mantissa, exponent) = scientific
        .split_once('e')
        .expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is an integer");
    if (-4..7).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return trim_zeros(&format!("{x:.decimals$}")).into();
    }
    format!("{}e{exponent}", trim_zeros(mantissa))
}

/// Formats a large number to three significant digits with an SI prefix: `771 M`, `1.23 G`.
#[must_use]
pub fn engineering(x: f64) -> String {
    const PREFIXES: [&str; 6] = ["", " k", " M", " G", " T", " P"];
    if !x.is_finite() {
        return plain(x);
    }
    let mut step = 0;
    // 999.5 is the least number that rounds to 1000 in three digits.
    while step + 1 < PREFIXES.len() && x.abs() / 1000_f64.powi(step as i32) >= 999.5 {
        step += 1;
    }
    format!(
        "{}{}",
        significant(x / 1000_f64.powi(step as i32), 3),
        PREFIXES[step]
    )
}

/// Formats a count with separated thousands: `1,000,000`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a duration given in seconds: `0.38 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown time".into();
    }
    if seconds < 9.95 {
        return format!("{} s", significant(seconds, 2));
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Formats a p-value with its relation, to follow the letter p: `= 0.42`, `= 0.0031`, `< 1e-6`.
#[must_use]
pub fn p_relation(p: f64) -> String {
    if p < 1e-6 {
        "< 1e-6".into()
    } else {
        format!("= {}", significant(p, 2))
    }
}

/// Formats a difference in standard errors: `+0.4 SE`, `-571 SE`; empty for NaN.
#[must_use]
pub fn standard_errors(z: f64) -> String {
    if z.is_nan() {
        return String::new();
    }
    let size = if z.abs() < 9.95 {
        format!("{:.1}", z.abs())
    } else {
        significant(z.abs().round(), 3)
    };
    let sign = if z < 0.0 { "-" } else { "+" };
    format!("{sign}{size} SE")
}

/// Decimal exponent of the last digit to show of a standard error.
fn last_digit_exponent(se: f64) -> i32 {
    let rounded = format!("{se:.1e}");
    let exponent = exponent(se);
    if rounded.starts_with('1') {
        exponent - 1
    } else {
        exponent
    }
}

/// Decimal exponent after rounding to two digits: −1 for 0.0999, which rounds to 0.10.
fn exponent(x: f64) -> i32 {
    let text = format!("{x:.1e}");
    let (_, exponent) = text.split_once('e').expect("the format has an exponent");
    exponent.parse().expect("the exponent is an integer")
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_show_the_digits_that_their_errors_allow() {
        let cases = [
            (0.50031, 0.00074, "0.5003 ± 0.0007"),
            (0.50031, 0.00015, "0.50031 ± 0.00015"),
            (0.5, 0.0996, "0.50 ± 0.10"),
            (-1.25, 0.3, "-1.2 ± 0.3"),
            (-1e-9, 0.2, "0.0 ± 0.2"),
            (123.4, 25.0, "(1.2 ± 0.2)e2"),
            (123.4, 2.0, "123 ± 2"),
            (5.003e-9, 7e-12, "(5.003 ± 0.007)e-9"),
            (1.234e12, 2e9, "(1.234 ± 0.002)e12"),
            (0.0, 0.001, "0.0000 ± 0.0010"),
            (0.0, 3e-9, "(0 ± 3)e-9"),
            (0.25, 0.0, "0.25"),
            (0.25, f64::NAN, "0.25 ± unknown"),
            (0.25, f64::INFINITY, "0.25 ± unknown"),
            (f64::NAN, 1.0, "not finite"),
            (f64::NEG_INFINITY, 1.0, "not finite"),
            (5e-324, 5e-324, "(5 ± 5)e-324"),
            (1e308, 1e306, "(1.000 ± 0.010)e308"),
        ];
        for (mean, se, text) in cases {
            assert_eq!(plus_minus(Estimate { mean, se }), text, "{mean} {se}");
        }
    }

    #[test]
    fn plain_numbers_have_no_trailing_zeros() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (0.25, "0.25"),
            (1.0 / 3.0, "0.333333"),
            (999_999.5, "1000000"),
            (1e7, "1e7"),
            (1.5e-9, "1.5e-9"),
            (0.000_1, "0.0001"),
            (-123.456_789, "-123.457"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "NaN"),
        ];
        for (x, text) in cases {
            assert_eq!(plain(x), text);
        }
    }

    #[test]
    fn rates_counts_durations_and_differences_are_short() {
        assert_eq!(engineering(999.6), "1 k");
        assert_eq!(engineering(7.71e8), "771 M");
        assert_eq!(engineering(1.234e9), "1.23 G");
        assert_eq!(engineering(12.0), "12");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(duration(0.384), "0.38 s");
        assert_eq!(duration(59.6), "1 min 0 s");
        assert_eq!(duration(7512.0), "2 h 5 min");
        assert_eq!(duration(f64::INFINITY), "unknown time");
        assert_eq!(p_relation(1e-9), "< 1e-6");
        assert_eq!(p_relation(0.4242), "= 0.42");
        assert_eq!(standard_errors(-0.44), "-0.4 SE");
        assert_eq!(standard_errors(571.4), "+571 SE");
        assert_eq!(standard_errors(f64::INFINITY), "+∞ SE");
        assert_eq!(standard_errors(f64::NAN), "");
    }
}
