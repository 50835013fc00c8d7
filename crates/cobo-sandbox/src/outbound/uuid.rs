//! Ids in the form of UUIDs.

/// 32 hex digits in the form of a UUID.
pub(super) fn uuid(digits: &str) -> String {
    let mut text = digits.to_owned();
    for place in [8, 13, 18, 23] {
        text.insert(place, '-');
    }
    text
}
