//! Writes pieces of Markdown.

use crate::diagnostic::one_line;
use crate::print::markdown;

/// A code span that may contain any text.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return String::new();
    }
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    if longest == 0 {
        return format!("`{text}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// The document's text as paragraphs. Its headings become bold lines, so that only the page has
/// headings.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    let mut above = "";
    let text = markdown::rustdoc(text);
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            if let Some(title) = heading(line) {
                out.push_str(&format!("**{title}**\n\n"));
                above = "";
                continue;
            }
            // Without a blank line, this line would turn the text above it into a heading.
            if !above.is_empty() && is_underline(line) {
                out.push('\n');
            }
        }
        out.push_str(line);
        out.push('\n');
        above = line;
    }
    out.trim().to_owned()
}

fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start().trim_start_matches('#');
    let is_heading =
        line.trim_start().starts_with('#') && (title.is_empty() || title.starts_with(' '));
    let title = title.trim().trim_matches('*').trim();
    (is_heading && !title.is_empty()).then_some(title)
}

fn is_underline(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && (line.bytes().all(|b| b == b'-') || line.bytes().all(|b| b == b'='))
}

/// The document's text on one line, for a table or list. Paragraphs and items are separated by
/// `<br>`, and code blocks become spans.
pub(super) fn line(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for line in prose(text).lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            push_break(&mut out);
        } else if in_code {
            out.push_str(&code(line));
            push_break(&mut out);
        } else if line.trim().is_empty() {
            push_break(&mut out);
        } else {
            if is_item(line) {
                push_break(&mut out);
            }
            if !out.is_empty() && !out.ends_with(BREAK) {
                out.push(' ');
            }
            out.push_str(line.trim());
        }
    }
    out.trim_end_matches(BREAK).to_owned()
}

const BREAK: &str = "<br>";

fn push_break(out: &mut String) {
    if !out.is_empty() && !out.ends_with(BREAK) {
        out.push_str(BREAK);
    }
}

fn is_item(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    matches!(first, "-" | "*" | "+")
        || first
            .strip_suffix(['.', ')'])
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The first paragraph of a document's text, on one line.
pub(super) fn first_paragraph(text: &str) -> String {
    let text = line(text);
    text.split(BREAK).next().unwrap_or_default().to_owned()
}

/// A table. Every row needs a cell for each column. A column without any text is left out.
pub(super) fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let has_text = |at: &usize| {
        let mut cells = rows.iter().filter_map(|cells| cells.get(*at));
        rows.is_empty() || cells.any(|text| !text.trim().is_empty())
    };
    let shown: Vec<usize> = (0..columns.len()).filter(has_text).collect();
    let mut out = row(shown.iter().map(|at| columns[*at].to_owned()));
    out.push_str(&row(shown.iter().map(|_| "---".to_owned())));
    for cells in &rows {
        let cells = shown.iter().map(|at| cells.get(*at).map(|text| cell(text)));
        out.push_str(&row(cells.map(Option::unwrap_or_default)));
    }
    out
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// Escapes bars, because they separate cells even inside code.
fn cell(text: &str) -> String {
    let text = one_line(text);
    text.replace("\\|", "|").replace('|', "\\|")
}

/// The anchor that the site which shows the pages gives to a heading.
pub(super) fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_span_delimiter_is_longer_than_any_backtick_run_in_its_text() {
        assert_eq!(code("get_token"), "`get_token`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(code(""), "");
    }

    #[test]
    fn headings_in_descriptions_become_bold_text() {
        assert_eq!(
            prose("# One\nText\n---\n\nMore"),
            "**One**\n\nText\n\n---\n\nMore"
        );
        assert_eq!(prose("```\n# kept\n```"), "```text\n# kept\n```");
        assert_eq!(prose("#hash"), "#hash");
    }

    #[test]
    fn multi_line_description_becomes_one_table_line() {
        assert_eq!(
            line("One\ntwo.\n\n<Note>Three</Note>"),
            "One two.<br>**Note:** Three"
        );
        assert_eq!(line("Of:\n- a\n- b"), "Of:<br>- a<br>- b");
        assert_eq!(line("Such:\n```json\n{\n}\n```\n"), "Such:<br>`{`<br>`}`");
        assert_eq!(first_paragraph("One.\n\nTwo."), "One.");
    }

    #[test]
    fn table_rows_have_equal_length_and_empty_columns_are_dropped() {
        let table = table(
            &["A", "B", "C"],
            [
                vec!["x|y\nz".to_owned()],
                vec![r"a\|b".to_owned(), String::new(), "c".to_owned()],
            ],
        );
        assert_eq!(
            table,
            "| A | C |\n| --- | --- |\n| x\\|y z |  |\n| a\\|b | c |\n"
        );
    }

    #[test]
    fn heading_anchors_are_lowercase_with_hyphens() {
        assert_eq!(slug("HTTP request headers"), "http-request-headers");
        assert_eq!(slug("get_token"), "get_token");
    }
}
