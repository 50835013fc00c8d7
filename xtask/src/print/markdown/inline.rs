//! Converts inline markup: HTML, bare URLs and brackets. Code spans and links are copied unchanged.

/// HTML components that each render as a paragraph.
const CALLOUTS: [&str; 8] = [
    "caution",
    "check",
    "danger",
    "important",
    "info",
    "note",
    "tip",
    "warning",
];

pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut links = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let used = match c {
            '`' => copy(&mut out, rest, code_span(rest)),
            '\\' => copy(
                &mut out,
                rest,
                rest.chars().take(2).map(char::len_utf8).sum(),
            ),
            '<' => tag(&mut out, rest, &mut links),
            '[' => match link(rest) {
                Some(length) => copy(&mut out, rest, length),
                None => escape(&mut out, c),
            },
            ']' => escape(&mut out, c),
            _ if starts_word(&out) && is_url(rest) => {
                let length = url(rest);
                out.push_str(&format!("<{}>", &rest[..length]));
                length
            }
            _ => copy(&mut out, rest, c.len_utf8()),
        };
        rest = &rest[used..];
    }
    out
}

fn copy(out: &mut String, rest: &str, length: usize) -> usize {
    out.push_str(&rest[..length]);
    length
}

fn escape(out: &mut String, c: char) -> usize {
    out.push('\\');
    out.push(c);
    c.len_utf8()
}

/// The length of a code span, or only of the backticks if they are not closed.
fn code_span(rest: &str) -> usize {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    let mut at = ticks;
    while let Some(found) = rest[at..].find('`') {
        let start = at + found;
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        at = start + run;
        if run == ticks {
            return at;
        }
    }
    ticks
}

/// The length of `[text](target)`, if `rest` starts with it.
fn link(rest: &str) -> Option<usize> {
    let text = balanced(rest, '[', ']')?;
    let target = balanced(rest.get(text..)?, '(', ')')?;
    Some(text + target)
}

/// The length up to the `close` that matches the `open` at the start of `rest`.
fn balanced(rest: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return (at > 0).then_some(at + c.len_utf8());
        }
    }
    None
}

fn starts_word(out: &str) -> bool {
    !out.ends_with(|c: char| c.is_alphanumeric() || c == '"' || c == '\'')
}

fn is_url(rest: &str) -> bool {
    rest.starts_with("https://") || rest.starts_with("http://")
}

fn url(rest: &str) -> usize {
    let end = rest
        .find(|c: char| c.is_whitespace() || "<>()[]\"`".contains(c))
        .unwrap_or(rest.len());
    rest[..end]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_'])
        .len()
}

fn tag(out: &mut String, rest: &str, links: &mut Vec<String>) -> usize {
    let Some(end) = rest.find('>') else {
        return escape(out, '<');
    };
    let inner = &rest[1..end];
    if is_url(inner) {
        return copy(out, rest, end + 1);
    }
    let closing = inner.starts_with('/');
    let name: String = inner
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    match name.as_str() {
        callout if CALLOUTS.contains(&callout) => {
            paragraph(out);
            if !closing {
                out.push_str(&format!(
                    "**{}{}:** ",
                    callout[..1].to_uppercase(),
                    &callout[1..]
                ));
                // The text may start on the next line.
                let text = &rest[end + 1..];
                return end + 1 + (text.len() - text.trim_start().len());
            }
        }
        "br" | "p" | "div" | "ul" | "ol" => paragraph(out),
        "li" if !closing => out.push_str("\n- "),
        "li" | "span" => {}
        "b" | "strong" => out.push_str("**"),
        "i" | "em" => out.push('*'),
        "code" => out.push('`'),
        "a" if closing => match links.pop() {
            Some(target) => out.push_str(&format!("]({target})")),
            None => return escape(out, '<'),
        },
        "a" => match attribute(inner, "href") {
            Some(target) => {
                links.push(target);
                out.push('[');
            }
            None => return escape(out, '<'),
        },
        _ => return escape(out, '<'),
    }
    end + 1
}

fn paragraph(out: &mut String) {
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push_str("\n\n");
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!("{name}="))?.1;
    let quote = value.chars().next().filter(|c| "\"'".contains(*c))?;
    Some(value[1..].split(quote).next()?.to_owned())
}
