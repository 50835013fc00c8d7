//! Converts a document's prose to Markdown that rustdoc renders without warnings.
//!
//! Descriptions are Markdown with HTML (`<Note>`), bare URLs, and brackets that are not links.
//! Rustdoc warns about each of these and compiles indented text as a doctest; clippy requires
//! indented lists.

mod blocks;
mod inline;

pub fn rustdoc(text: &str) -> String {
    let mut out = String::new();
    for part in parts(&shown(text)) {
        match part {
            Part::Prose(text) => out.push_str(&blocks::tidy(&inline::tidy(&text))),
            Part::Code { language, text } => {
                // rustdoc would compile code without a language, or in Rust, as a doctest.
                let language = match language.as_str() {
                    "" | "rust" => "text",
                    language => language,
                };
                let fence = if text.contains("```") { "````" } else { "```" };
                out.push_str(&format!("{fence}{language}\n{text}{fence}\n"));
            }
        }
    }
    out.trim().to_owned()
}

/// Text without the characters that show nothing, and those that turn it: after one of these, text
/// may be shown in another order than it has, and the compiler refuses such a comment.
pub(crate) fn shown(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace("\r\n", "\n")
        .replace('\t', " ")
        .chars()
        .filter(|c| *c == '\n' || (!c.is_control() && !turns(*c)))
        .collect()
}

/// Markdown of our own, with its lines wrapped.
pub fn wrapped(text: &str) -> String {
    blocks::tidy(text).trim_end().to_owned()
}

enum Part {
    Prose(String),
    Code { language: String, text: String },
}

/// Separates fenced code from the rest. An unclosed fence extends to the end of the text.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut prose = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        let fence = ["```", "~~~"]
            .into_iter()
            .find(|fence| start.starts_with(fence));
        let Some((fence, language)) =
            fence.and_then(|fence| Some((fence, start.strip_prefix(fence)?)))
        else {
            prose.push_str(line);
            prose.push('\n');
            continue;
        };
        parts.push(Part::Prose(std::mem::take(&mut prose)));
        let code: Vec<&str> = lines
            .by_ref()
            .take_while(|line| !line.trim_start().starts_with(fence))
            .collect();
        let indent = code
            .iter()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or_default();
        let text = code
            .iter()
            .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()));
        let language = language
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect();
        parts.push(Part::Code {
            language,
            text: text.collect(),
        });
    }
    parts.push(Part::Prose(prose));
    parts
}

#[cfg(test)]
mod tests {
    use super::rustdoc;

    #[test]
    fn note_and_warning_tags_become_markdown_paragraphs() {
        assert_eq!(
            rustdoc("Issues a token.\n\n<Note>For apps\nonly.</Note>\n\nMore."),
            "Issues a token.\n\n**Note:** For apps only.\n\nMore."
        );
        assert_eq!(
            rustdoc("<Warning>Deprecated.</Warning>"),
            "**Warning:** Deprecated."
        );
        assert_eq!(
            rustdoc("One.<Info> Two.</Info>Three."),
            "One.\n\n**Info:** Two.\n\nThree."
        );
    }

    #[test]
    fn brackets_html_and_bare_urls_are_escaped_for_rustdoc() {
        assert_eq!(rustdoc("The range is [1, 50]."), r"The range is \[1, 50\].");
        assert_eq!(
            rustdoc("See https://a.example/b?c=[d]."),
            "See <https://a.example/b?c=>\\[d\\]."
        );
        assert_eq!(rustdoc("(https://a.example/b)"), "(<https://a.example/b>)");
        assert_eq!(
            rustdoc("A Vec<T> and <b>bold</b>"),
            r"A Vec\<T> and **bold**"
        );
        assert_eq!(
            rustdoc("<a href=\"https://x.example\">x</a>"),
            "[x](https://x.example)"
        );
        assert_eq!(rustdoc("<https://x.example>"), "<https://x.example>");
    }

    #[test]
    fn links_and_inline_code_are_unchanged() {
        for text in [
            "An [organization](https://manuals.example/en_(x)/y).",
            "`Vec<T>[0]` and ``a`b``",
            "![image](https://x.example/y.png)",
        ] {
            assert_eq!(rustdoc(text), text);
        }
    }

    #[test]
    fn code_blocks_never_become_doctests() {
        assert_eq!(
            rustdoc("~~~\nunclosed\n```\nlet x;"),
            "````text\nunclosed\n```\nlet x;\n````"
        );
        assert_eq!(rustdoc("Code:\n\n    let x;\n"), "Code:\n\nlet x;");
        assert_eq!(rustdoc("```\nlet x;\n```"), "```text\nlet x;\n```");
        assert_eq!(rustdoc("  ```json\n  {}\n  ```"), "```json\n{}\n```");
    }

    #[test]
    fn list_continuation_lines_are_indented() {
        assert_eq!(
            rustdoc("- one\ntwo\n      three\n\nfour"),
            "- one two three\n\nfour"
        );
        assert_eq!(rustdoc("- one\n    - two"), "- one\n  - two");
        assert_eq!(
            rustdoc("1. one\n2. two\n\n   more"),
            "1. one\n2. two\n\n   more"
        );
    }

    #[test]
    fn text_after_a_list_and_a_blank_line_is_outside_the_list() {
        assert_eq!(rustdoc("- one  \n\ntwo"), "- one\n\ntwo");
        assert_eq!(rustdoc("- one  \ntwo"), "- one\n  two");
    }

    #[test]
    fn wrapping_a_long_line_never_starts_a_new_markdown_block() {
        let text = format!(
            "{} - {}",
            "word ".repeat(18).trim(),
            "word ".repeat(4).trim()
        );
        let wrapped = rustdoc(&text);
        assert!(wrapped.contains('\n'), "{wrapped}");
        assert!(!wrapped.contains("\n-"), "{wrapped}");
        assert_eq!(
            wrapped.split_whitespace().collect::<Vec<_>>().join(" "),
            text
        );
    }
}
