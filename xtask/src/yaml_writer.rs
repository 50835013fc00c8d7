//! Writes a document as YAML in block style: keys in the order of the document, long texts as block
//! scalars, and quotes wherever a reader of YAML 1.1 or 1.2 could take a string for another value.

use serde_json::{Map, Value};

/// The column at which a long text of one line is folded.
const WIDTH: usize = 100;

/// Strings that are values of another type in YAML 1.1 or 1.2.
const RESERVED: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// The YAML text of a value.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(map, 0, &mut out),
        Value::Array(list) if !list.is_empty() => array(list, 0, &mut out),
        _ => out.push_str(&format!("{}\n", scalar(value, 0))),
    }
    out
}

fn object(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (key, value) in map {
        out.push_str(&" ".repeat(indent));
        out.push_str(&text(key));
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                object(map, indent + 2, out);
            }
            Value::Array(list) if !list.is_empty() => {
                out.push('\n');
                array(list, indent + 2, out);
            }
            _ => out.push_str(&format!(" {}\n", scalar(value, indent + 2))),
        }
    }
}

fn array(list: &[Value], indent: usize, out: &mut String) {
    for value in list {
        let mut item = String::new();
        match value {
            Value::Object(map) if !map.is_empty() => object(map, indent + 2, &mut item),
            Value::Array(list) if !list.is_empty() => array(list, indent + 2, &mut item),
            _ => {
                item.push_str(&" ".repeat(indent + 2));
                item.push_str(&format!("{}\n", scalar(value, indent + 2)));
            }
        }
        // The dash replaces the first two spaces that the item itself does not need.
        out.push_str(&" ".repeat(indent));
        out.push_str("- ");
        out.push_str(item.get(indent + 2..).unwrap_or_default());
    }
}

/// A value without entries. `indent` is where the lines of a block scalar start.
fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::String(value) => string(value, indent),
        _ => value.to_string(),
    }
}

fn string(value: &str, indent: usize) -> String {
    let first = value.lines().next().unwrap_or_default();
    let starts_with_text = !first.is_empty() && !first.starts_with(char::is_whitespace);
    if !starts_with_text || value.chars().any(|c| c != '\n' && is_special(c)) {
        return text(value);
    }
    let margin = " ".repeat(indent);
    if value.contains('\n') {
        let kept = match value.len() - value.trim_end_matches('\n').len() {
            0 => "|-",
            1 => "|",
            _ => "|+",
        };
        let mut block = kept.to_owned();
        for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
            block.push('\n');
            if !line.is_empty() {
                block.push_str(&margin);
                block.push_str(line);
            }
        }
        return block;
    }
    let is_foldable = value.contains(' ') && !value.contains("  ") && !value.ends_with(' ');
    if is_foldable && value.chars().count() + indent > WIDTH {
        return format!(">-{}", folded(value, &margin));
    }
    text(value)
}

fn folded(value: &str, margin: &str) -> String {
    let mut block = String::new();
    let mut column = WIDTH;
    for word in value.split(' ') {
        let length = word.chars().count();
        if column + 1 + length > WIDTH {
            block.push('\n');
            block.push_str(margin);
            column = margin.len();
        } else {
            block.push(' ');
            column += 1;
        }
        block.push_str(word);
        column += length;
    }
    block
}

/// A string in one line, quoted where that is needed.
fn text(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else if value.chars().any(is_special) {
        double_quoted(value)
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

fn is_plain(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '$'))
        && !value.ends_with([' ', ':'])
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.chars().any(is_special)
        && !RESERVED.contains(&lower.as_str())
}

/// Whether a character must be escaped.
fn is_special(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn double_quoted(value: &str) -> String {
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_special(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::write;
    use crate::stage::load::yaml;

    fn read(text: &str) -> Value {
        yaml::read(text).map(|yaml| yaml.root).unwrap()
    }

    #[test]
    fn written_values_read_back_the_same() {
        let long = "words ".repeat(60);
        let value = json!({
            "200": {"empty": {}, "list": [], "none": null, "yes": true, "n": -3, "f": 1.5},
            "on": ["no", "~", "", " ", "0x1f", "1e5", "12:30", "2024-01-01", "- a", "a: b", "a #b"],
            "quotes": ["it's", "\"", "'", "\\", "a\tb", "a\r\nb", "\u{7f}", "\u{2028}", "é", "#", "="],
            "lines": ["a\nb", "a\n", "a\n\n", "\n", "\na", " a\nb", "a\n  b\n\nc", "a \nb", "a\n "],
            "long": [long.trim_end(), long, format!("# {long}end"), format!("{long} end")],
            "nested": [[1, [2, {"a": [3]}]], [{"b": "c\nd"}]],
            "a: b": {"'": {"\n": 1}},
        });
        let text = write(&value);
        assert_eq!(read(&text), value, "{text}");
        assert_eq!(write(&read(&text)), text);
    }

    #[test]
    fn long_yaml_strings_are_folded_and_short_ones_stay_plain() {
        let value = json!({"a": "word ".repeat(30).trim_end(), "b": "a word"});
        let text = write(&value);
        assert!(text.starts_with("a: >-\n  word word"), "{text}");
        assert!(text.ends_with("\nb: a word\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    }
}
