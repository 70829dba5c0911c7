// Functions that loss programs call in either precision, after the elementary functions of that precision. src/loss/op.rs
// defines each.

fn indicator(condition: bool) -> Real {
  return select(Real(0.0), Real(1.0), condition);
}

fn minimum(a: Real, b: Real) -> Real {
  return select(b, a, a <= b || is_nan(a));
}

fn maximum(a: Real, b: Real) -> Real {
  return select(b, a, a >= b || is_nan(a));
}

fn signum(x: Real) -> Real {
  return indicator(x > 0.0) - indicator(x < 0.0);
}

fn sigmoid(x: Real) -> Real {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn softplus(x: Real) -> Real {
  return select(x, 0.0, x <= 0.0) + log_one_plus(exp(-abs(x)));
}
