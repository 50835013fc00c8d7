//! Adds blank lines between items, because prettyplease writes none.

/// The prefixes of items, and of their doc comments and attributes.
const BEGINNINGS: [&str; 11] = [
    "///", "#[", "pub ", "pub(", "impl", "fn ", "const ", "static ", "mod ", "struct ", "enum ",
];

pub(crate) fn between_items(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 20);
    let mut previous = "";
    for line in text.lines() {
        let starts = BEGINNINGS
            .iter()
            .any(|beginning| line.trim_start().starts_with(beginning));
        let after_attributes = previous.starts_with("#![") || previous.starts_with(")]");
        let between = starts && ends_item(previous) && indent(line) <= indent(previous);
        let apart = match (import(previous), import(line)) {
            (Some(previous), Some(this)) => previous != this,
            (None, Some(_)) => after_attributes,
            _ => false,
        };
        if between || apart {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}

/// The group of an import: the standard library, other crates, or this crate.
fn import(line: &str) -> Option<&'static str> {
    let path = line.trim_start().strip_prefix("use ")?;
    Some(match path.split("::").next() {
        Some("std") => "std",
        Some("super" | "crate" | "self") => "own",
        _ => "other",
    })
}

/// Whether the line ends an item. Fields and variants end in a comma, attributes in a bracket.
fn ends_item(line: &str) -> bool {
    let line = line.trim();
    !line.starts_with("//") && (line.ends_with('}') || line.ends_with(';'))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::between_items;

    #[test]
    fn blank_lines_are_added_between_items_and_not_between_fields() {
        let text = "use a::b;\nuse c;\n/// A.\n#[derive(Debug)]\nstruct A {\n    /// x\n    x: i8,\n    \
                    /// y\n    y: i8,\n}\nimpl A {\n    fn a() {\n        if b {\n            c();\n        \
                    }\n        d();\n    }\n    fn e() {}\n}\n";
        let expected = "use a::b;\nuse c;\n\n/// A.\n#[derive(Debug)]\nstruct A {\n    /// x\n    \
                    x: i8,\n    /// y\n    y: i8,\n}\n\nimpl A {\n    fn a() {\n        if b {\n            \
                    c();\n        }\n        d();\n    }\n\n    fn e() {}\n}\n";
        assert_eq!(between_items(text), expected);
        assert_eq!(between_items(expected), expected);
    }
}
