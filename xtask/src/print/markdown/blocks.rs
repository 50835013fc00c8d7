//! Formats lines: indents lists as clippy requires, makes indented code text, wraps long lines.

/// The maximum width of the text, without `/// ` and the indentation.
const WIDTH: usize = 92;

/// A list item that the current line may belong to.
struct Item {
    /// The indentation of its marker in the document.
    indent: usize,
    /// The column of its text in the output.
    column: usize,
}

pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut items: Vec<Item> = Vec::new();
    // A paragraph is written when it ends, because its lines are wrapped again.
    let mut open = Paragraph::default();
    let mut blank = true;
    for line in text.lines() {
        let text = line.trim();
        if text.is_empty() {
            open.flush(&mut out);
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let marker = marker(text);
        if marker.is_none() && open.takes(text) {
            open.push(text);
            continue;
        }
        // A line directly after an item continues it, whatever its indentation.
        open.flush(&mut out);
        if marker.is_some() || blank {
            while items.last().is_some_and(|item| item.indent >= indent) {
                items.pop();
            }
        }
        let outer = items.last().map_or(0, |item| item.column);
        let column = outer + marker.unwrap_or_default();
        if marker.is_some() {
            items.push(Item { indent, column });
        }
        open = Paragraph {
            text: text.to_owned(),
            first: outer,
            rest: column,
        };
        blank = false;
        if stands_alone(line) {
            open.flush(&mut out);
        }
    }
    open.flush(&mut out);
    out
}

/// Lines that render as one paragraph.
#[derive(Default)]
struct Paragraph {
    text: String,
    /// The indentation of the first line, and that of the others.
    first: usize,
    rest: usize,
}

impl Paragraph {
    fn takes(&self, line: &str) -> bool {
        !self.text.is_empty() && !self.text.starts_with(['|', '>']) && !begins_block(line)
    }

    fn push(&mut self, line: &str) {
        self.text.push(' ');
        self.text.push_str(line);
    }

    /// Writes the paragraph, if any.
    fn flush(&mut self, out: &mut String) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            wrap(out, &text, self.first, self.rest);
        }
    }
}

/// Whether the line is a heading or ends in a line break.
fn stands_alone(line: &str) -> bool {
    line.trim_start().starts_with('#') || line.ends_with("  ") || line.ends_with('\\')
}

/// The length of a list marker, including the space after it.
fn marker(text: &str) -> Option<usize> {
    let (first, _) = text.split_once(' ')?;
    let number = first.strip_suffix(['.', ')']).unwrap_or_default();
    let is_number =
        !number.is_empty() && number.len() < 4 && number.bytes().all(|b| b.is_ascii_digit());
    (is_number || ["-", "*", "+"].contains(&first)).then_some(first.len() + 1)
}

/// Writes a line, wrapped at spaces. It is not wrapped before a word that would start a block at
/// the beginning of a line.
fn wrap(out: &mut String, text: &str, first: usize, rest: usize) {
    out.push_str(&" ".repeat(first));
    if text.starts_with(['|', '#']) {
        out.push_str(text);
        out.push('\n');
        return;
    }
    let mut width = first;
    for (index, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if index > 0 && width + 1 + length > WIDTH && !begins_block(word) {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            width = rest;
        } else if index > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}

fn begins_block(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    word.starts_with(['-', '+', '*', '#', '>', '=', '|', '~', '`'])
        || word
            .strip_suffix(['.', ')'])
            .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}
