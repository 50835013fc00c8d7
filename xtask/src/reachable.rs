//! Follows references.

use std::collections::BTreeSet;

/// Everything that `next` leads to from these roots, including the roots.
pub(crate) fn reachable<T: Ord + Copy, I: IntoIterator<Item = T>>(
    roots: impl IntoIterator<Item = T>,
    next: impl Fn(T) -> I,
) -> BTreeSet<T> {
    let mut open: Vec<T> = roots.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(one) = open.pop() {
        if found.insert(one) {
            open.extend(next(one));
        }
    }
    found
}
