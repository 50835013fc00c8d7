//! Makes a text that matches a regular expression.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Returns a text that matches the pattern, with as few repetitions as the pattern allows; `None` for a pattern that
/// the `regex` crate does not support (look-around, for example).
pub(super) fn shortest(pattern: &str) -> Option<String> {
    let mut text = String::new();
    write(&regex_syntax::parse(pattern).ok()?, &mut text)?;
    Some(text)
}

fn write(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            // Prefer a letter or a digit to the first character of the class, which may be a control character.
            let plain = ('a'..='z').chain('0'..='9').chain('A'..='Z').find(|plain| {
                class
                    .ranges()
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(plain))
            });
            text.push(plain.or_else(|| class.ranges().first().map(|range| range.start()))?);
        }
        HirKind::Class(Class::Bytes(class)) => {
            text.push(char::from(class.ranges().first()?.start()));
        }
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                write(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, text)?;
            }
        }
        HirKind::Alternation(parts) => write(parts.first()?, text)?,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_sample_text_matches_its_pattern() {
        for (pattern, text) in [
            ("^0x[a-fA-F0-9]{4}$", "0xaaaa"),
            ("^(up|down)(,(up|down))*$", "up"),
            ("^[0-9-]+\\.[0-9]?$", "0."),
        ] {
            assert_eq!(shortest(pattern).as_deref(), Some(text), "{pattern}");
        }
        assert_eq!(shortest("(?=a)b"), None);
    }
}
