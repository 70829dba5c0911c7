//! File names from names of quantities.

use std::collections::BTreeSet;

/// A name that every file system takes: letters, digits and underscores, at most 60 of them.
pub(super) fn sanitized(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => safe.push(c),
            '^' => safe.push_str("pow"),
            _ if !safe.is_empty() && !safe.ends_with('_') => safe.push('_'),
            _ => {}
        }
    }
    safe.truncate(60);
    let safe = safe.trim_end_matches('_');
    if safe.is_empty() {
        "unnamed".into()
    } else {
        safe.into()
    }
}

/// `stem`, or `stem_2`, `stem_3` … if it is taken; names that differ only in case count as equal, as on some file
/// systems they are.
pub(super) fn unique(stem: &str, taken: &mut BTreeSet<String>) -> String {
    let names = std::iter::once(stem.to_owned()).chain((2..).map(|i| format!("{stem}_{i}")));
    let mut free = names.filter(|name| !taken.contains(&name.to_lowercase()));
    let name = free.next().expect("the candidates do not end");
    taken.insert(name.to_lowercase());
    name
}
