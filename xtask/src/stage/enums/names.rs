//! Gives each enum value its Rust name, and finds its description in the document.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::value_text;
use crate::rust_name;

/// Names that every enum already has.
const TAKEN: [&str; 2] = ["Unknown", "Self_"];

/// Words for characters that a name cannot contain. Longer signs come before their prefixes.
const SIGNS: [(&str, &str); 31] = [
    (">=", "GreaterOrEqual"),
    ("<=", "LessOrEqual"),
    ("!=", "NotEqual"),
    ("<>", "NotEqual"),
    ("==", "Equal"),
    ("=~", "Matches"),
    ("&&", "And"),
    ("||", "Or"),
    (">", "Greater"),
    ("<", "Less"),
    ("=", "Equal"),
    ("!", "Not"),
    ("+", "Plus"),
    ("-", "Minus"),
    ("*", "Star"),
    ("/", "Slash"),
    ("%", "Percent"),
    ("^", "Caret"),
    ("&", "And"),
    ("|", "Or"),
    ("~", "Tilde"),
    (".", "Dot"),
    (",", "Comma"),
    (":", "Colon"),
    (";", "Semicolon"),
    ("#", "Hash"),
    ("@", "At"),
    ("$", "Dollar"),
    ("?", "Question"),
    ("_", "Underscore"),
    (" ", "Space"),
];

/// The name of a value, without regard to the other values.
pub(super) fn plain(value: &str) -> String {
    if value.is_empty() {
        return "Empty".to_owned();
    }
    if value.starts_with("Value-") {
        return value.replacen('-', "Minus", 1);
    }
    if value.chars().any(char::is_alphanumeric) {
        rust_name::model(value)
    } else {
        spelled(value)
    }
}

/// The unique names of all values. If several values get the same name, the signs of those values
/// are spelled out; the names that are still equal are numbered.
pub(in crate::stage) fn unique(values: &[String]) -> Vec<String> {
    let plain: Vec<String> = values.iter().map(|value| self::plain(value)).collect();
    let mut taken: BTreeSet<String> = TAKEN.into_iter().map(str::to_owned).collect();
    let mut names = Vec::with_capacity(values.len());
    for (value, name) in values.iter().zip(&plain) {
        let alone = plain.iter().filter(|other| *other == name).count() == 1;
        let wanted = if alone { name.clone() } else { spelled(value) };
        let wanted = if TAKEN.contains(&wanted.as_str()) {
            format!("{wanted}Value")
        } else {
            wanted
        };
        let mut name = wanted.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

fn spelled(value: &str) -> String {
    let mut words = String::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        if let Some((sign, word)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            words.push_str(&format!("-{word}-"));
            rest = &rest[sign.len()..];
        } else {
            if first.is_alphanumeric() {
                words.push(first);
            } else {
                words.push_str(&format!("-U{:X}-", u32::from(first)));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    rust_name::model(&words)
}

/// The description of a value in a list (``- `MPC`: A wallet of …``) in the enum's description.
pub(super) fn described(description: &str, value: &Value) -> Option<String> {
    let value = value_text(value);
    let text = description.lines().find_map(|line| {
        let line = line.trim_start().strip_prefix(['-', '*'])?.trim_start();
        let rest = line.strip_prefix('`')?.strip_prefix(value.as_str())?;
        Some(
            rest.strip_prefix('`')?
                .trim_start()
                .strip_prefix(':')?
                .trim(),
        )
    })?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(values: &[&str]) -> Vec<String> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        unique(&values)
    }

    #[test]
    fn comparison_operators_become_words_in_variant_names() {
        assert_eq!(
            names(&[">", ">=", "<", "<=", "=", "!=", ""]),
            [
                "Greater",
                "GreaterOrEqual",
                "Less",
                "LessOrEqual",
                "Equal",
                "NotEqual",
                "Empty"
            ]
        );
    }

    #[test]
    fn colliding_enum_variant_names_are_made_unique() {
        assert_eq!(names(&["A+B", "A-B"]), ["APlusB", "AMinusB"]);
        assert_eq!(names(&["asc", "ASC"]), ["Asc", "Asc2"]);
        assert_eq!(
            names(&["Unknown", "UNKNOWN"]),
            ["UnknownValue", "UnknownValue2"]
        );
        assert_eq!(names(&["Value-1", "Value1"]), ["ValueMinus1", "Value1"]);
    }

    #[test]
    fn enum_value_description_is_read_from_a_markdown_list() {
        let text = "One of:\n - `A`: First.\n - `AB`: Second.\n";
        assert_eq!(described(text, &"A".into()).as_deref(), Some("First."));
        assert_eq!(described(text, &"C".into()), None);
    }
}
