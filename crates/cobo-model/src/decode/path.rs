//! Paths: the location of a value in a JSON document.

use std::fmt;

/// The longest key of a map that is part of a path.
const LONGEST_KEY: usize = 40;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The field of a model, by its name in JSON.
    Field(&'static str),
    /// The property of another object. The response chose this text.
    Key(String),
    /// A property whose name is not known.
    AnyKey,
    /// An item of a list, counted from 0.
    Item(usize),
}

/// Writes `data[3].transaction.transaction_id`. The path of the whole document is empty.
///
/// Keys that the response chose are written only if they are short and printable.
pub(super) fn write(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        // Writing to a string cannot fail.
        let _ = write_step(&mut out, step);
    }
    out
}

fn write_step(out: &mut String, step: &Step) -> fmt::Result {
    use fmt::Write as _;

    let name = match step {
        Step::Item(index) => return write!(out, "[{index}]"),
        Step::Field(name) => Some(*name),
        Step::Key(key) => Some(key.as_str()).filter(|key| is_printable(key)),
        Step::AnyKey => None,
    };
    match name {
        Some(name) if is_plain(name) && out.is_empty() => write!(out, "{name}"),
        Some(name) if is_plain(name) => write!(out, ".{name}"),
        Some(name) => write!(out, "[\"{}\"]", name.escape_debug()),
        None => write!(out, "[*]"),
    }
}

fn is_printable(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_path_shows_fields_items_and_short_keys() {
        let key = |text: &str| Step::Key(text.to_owned());
        for (steps, written) in [
            (vec![], ""),
            (vec![Step::Item(3), Step::Field("id")], "[3].id"),
            (
                vec![Step::Field("data"), Step::Item(0), key("BTC"), key("a.b")],
                r#"data[0].BTC["a.b"]"#,
            ),
            (vec![key(""), key("line\nbreak")], "[*][*]"),
            (vec![Step::Field("map"), key(&"k".repeat(41))], "map[*]"),
            (vec![key(r#"q""#), Step::AnyKey], r#"["q\""][*]"#),
        ] {
            assert_eq!(write(&steps), written, "{steps:?}");
        }
    }
}
