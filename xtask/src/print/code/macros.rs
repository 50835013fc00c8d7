//! Formats macro calls with a list in braces, whose tokens prettyplease formats as running text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The maximum line length; prettyplease uses the same.
const WIDTH: usize = 89;

/// Reformats each `cobo_model::name! { Head { a, b } }`: the head on one line, and the list below it with as many
/// entries per line as fit.
pub(crate) fn set(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let indent = &line[..line.len() - line.trim_start().len()];
        if !(line.trim_start().starts_with("cobo_model::") && line.ends_with("! {")) {
            continue;
        }
        let end = format!("{indent}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        let inner = format!("{indent}    ");
        match list(&body.join("\n")) {
            Some((head, entries)) => fill(&mut out, &inner, &head, &entries),
            None => body.iter().for_each(|line| {
                out.push_str(line);
                out.push('\n');
            }),
        }
        out.push_str(&end);
        out.push('\n');
    }
    out
}

fn fill(out: &mut String, indent: &str, head: &str, entries: &[String]) {
    let one = format!("{indent}{head} {{ {} }}", entries.join(", "));
    if one.len() <= WIDTH {
        out.push_str(&one);
        out.push('\n');
        return;
    }
    out.push_str(&format!("{indent}{head} {{\n"));
    let mut line = String::new();
    for entry in entries {
        let entry = format!("{entry},");
        if !line.is_empty() && indent.len() + 4 + line.len() + 1 + entry.len() > WIDTH {
            out.push_str(&format!("{indent}    {line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&entry);
    }
    out.push_str(&format!("{indent}    {line}\n{indent}}}\n"));
}

/// Splits the call into the text before the braces and the entries between them.
fn list(text: &str) -> Option<(String, Vec<String>)> {
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().ok()?.into_iter().collect();
    let (TokenTree::Group(group), head) = tokens.split_last()? else {
        return None;
    };
    if group.delimiter() != Delimiter::Brace {
        return None;
    }
    let mut entries = vec![String::new()];
    for token in group.stream() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => entries.push(String::new()),
            token => {
                let entry = entries.last_mut()?;
                push(entry, token);
            }
        }
    }
    entries.retain(|entry| !entry.is_empty());
    let mut before = String::new();
    head.iter().for_each(|token| push(&mut before, token));
    Some((before, entries))
}

/// Appends a token to running text.
fn push(text: &mut String, token: &TokenTree) {
    let written = match token {
        TokenTree::Group(group) => {
            let mut inner = String::new();
            group
                .stream()
                .into_iter()
                .for_each(|token| push(&mut inner, &token));
            match group.delimiter() {
                Delimiter::Parenthesis => format!("({inner})"),
                Delimiter::Bracket => format!("[{inner}]"),
                Delimiter::Brace => format!("{{{inner}}}"),
                Delimiter::None => inner,
            }
        }
        token => token.to_string(),
    };
    let close = matches!(written.as_str(), "?" | "," | ":")
        || text.ends_with(':')
        || (written.starts_with('(') && text.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    if !text.is_empty() && !close {
        text.push(' ');
    }
    text.push_str(&written);
}

#[cfg(test)]
mod tests {
    use super::set;

    #[test]
    fn macro_lists_are_wrapped_and_other_code_is_unchanged() {
        let text = "fn a() {\n    b();\n}\ncobo_model::model! {\n    A { 0 id ?, 1\n    name = \"na me\" ? not_empty() }\n}\n";
        let expected = "fn a() {\n    b();\n}\ncobo_model::model! {\n    A { 0 id?, 1 name = \"na me\"? not_empty() }\n}\n";
        assert_eq!(set(text), expected);
        assert_eq!(set(expected), expected);
        let long: Vec<String> = (0..30)
            .map(|index| format!("{index} field_{index}?"))
            .collect();
        let text = format!(
            "cobo_model::model! {{\n    A {{ {} }}\n}}\n",
            long.join(", ")
        );
        let set_once = set(&text);
        assert!(set_once.lines().all(|line| line.len() <= 89), "{set_once}");
        assert_eq!(set(&set_once), set_once);
    }
}
