//! Cobo's explanation of a failure, without the secrets that the call sent.
//!
//! Cobo may repeat the text of a request, raw or escaped. So the explanation is searched in every
//! form that unescaping can give, and the matching part of the original text is replaced.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// The maximum length of an explanation, in characters.
const LONGEST: usize = 300;
/// The maximum length of the part of a message that is examined, in bytes. If the message is
/// longer, the last [`MARGIN`] bytes of that part are not shown: a secret there may be cut off.
const EXAMINED: usize = 4096;
const MARGIN: usize = 512;
/// A match of this many consecutive bytes of a secret is replaced. Shorter secrets are replaced as
/// a whole.
const RUN: usize = 12;
/// How many layers of escapes are removed.
const DEPTH: usize = 2;
const REPLACEMENT: &str = "***";

/// The message on one line, without secrets and control characters, and limited in length. `None`
/// if nothing is left.
pub(crate) fn explanation(message: &str, secrets: &[&[u8]]) -> Option<String> {
    let secrets = Secrets::new(secrets);
    let examined = prefix(message, EXAMINED);
    let mut shown = secrets.replace(examined);
    if examined.len() < message.len() {
        shown.truncate(examined.len() - MARGIN);
    }
    let once = cleaned(examined, &shown);
    // A secret that contains spaces is found only after other white space became single spaces.
    let twice = cleaned(&once, &secrets.replace(&once));
    let text = match twice.char_indices().nth(LONGEST) {
        None => twice,
        Some(_) => twice.chars().take(LONGEST - 1).chain(['…']).collect(),
    };
    (!text.is_empty()).then_some(text)
}

/// Whether a short text of the server's has a secret in it.
pub(crate) fn holds_secret(text: &str, secrets: &[&[u8]]) -> bool {
    Secrets::new(secrets).replace(text).contains(&true)
}

/// At most so many bytes of the text, and whole characters.
fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The text as one line: `***` for hidden parts, one space for white space, control characters and
/// invisible characters. `hidden` has a flag for each byte; bytes without a flag are not shown.
fn cleaned(text: &str, hidden: &[bool]) -> String {
    let mut line = String::new();
    let (mut space, mut replaced) = (false, false);
    for (start, char) in text.char_indices() {
        let Some(flags) = hidden.get(start..start + char.len_utf8()) else {
            break;
        };
        let secret = flags.contains(&true);
        if !secret && (char.is_whitespace() || is_invisible(char)) {
            space = true;
            continue;
        }
        if secret && replaced && !space {
            continue;
        }
        if space && !line.is_empty() {
            line.push(' ');
        }
        space = false;
        replaced = secret;
        match secret {
            true => line.push_str(REPLACEMENT),
            false => line.push(char),
        }
    }
    line
}

/// Control characters, line breaks, characters that change the text direction, and invisible ones.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(
            u32::from(char),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
                | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe0fff
        )
}

/// The secrets to search for. Long secrets are not copied: only hashes of their runs are kept.
struct Secrets<'a> {
    short: Vec<&'a [u8]>,
    runs: HashSet<u64>,
    hash: RandomState,
}

impl<'a> Secrets<'a> {
    fn new(secrets: &[&'a [u8]]) -> Self {
        let hash = RandomState::new();
        let runs = secrets.iter().flat_map(|secret| secret.windows(RUN));
        let runs = runs
            .map(|run| hash_of(&hash, run.iter().copied()))
            .collect();
        let short = secrets
            .iter()
            .filter(|secret| (1..RUN).contains(&secret.len()));
        Self {
            short: short.copied().collect(),
            runs,
            hash,
        }
    }

    /// A flag for each byte of the text: whether it is part of a secret.
    fn replace(&self, text: &str) -> Vec<bool> {
        let mut hidden = vec![false; text.len()];
        let raw: Vec<_> = text.bytes().enumerate().map(Unit::raw).collect();
        self.search(raw, DEPTH, &mut hidden);
        // Once more without spaces and invisible characters, which can break a secret up.
        let visible = text
            .char_indices()
            .filter(|(_, char)| !char.is_whitespace() && !is_invisible(*char));
        let places = visible.flat_map(|(start, char)| start..start + char.len_utf8());
        let bytes = text.as_bytes();
        let joined: Vec<_> = places
            .filter_map(|place| Some(Unit::raw((place, *bytes.get(place)?))))
            .collect();
        if joined.len() < text.len() {
            self.search(joined, DEPTH, &mut hidden);
        }
        hidden
    }

    /// Searches a reading of the text, and the readings with one more layer of escapes removed.
    fn search(&self, reading: Vec<Unit>, depth: usize, hidden: &mut [bool]) {
        for run in reading.windows(RUN) {
            let hash = hash_of(&self.hash, run.iter().map(|unit| unit.byte));
            if self.runs.contains(&hash) {
                hide(run, hidden);
            }
        }
        for secret in &self.short {
            for part in reading.windows(secret.len()) {
                let bytes = part.iter().map(|unit| unit.byte.to_ascii_lowercase());
                if bytes.eq(secret.iter().map(u8::to_ascii_lowercase)) {
                    hide(part, hidden);
                }
            }
        }
        if depth == 0 {
            return;
        }
        for unescape in [unescape_percent, unescape_form, unescape_json] {
            let unescaped = unescape(&reading);
            // If the bytes are equal, there was nothing to unescape.
            if unescaped != reading {
                self.search(unescaped, depth - 1, hidden);
            }
        }
    }
}

/// Hashes a run, ignoring case: keys and signatures are hexadecimal.
fn hash_of(state: &RandomState, bytes: impl Iterator<Item = u8>) -> u64 {
    let mut run = [0; RUN];
    for (place, byte) in run.iter_mut().zip(bytes) {
        *place = byte.to_ascii_lowercase();
    }
    state.hash_one(run)
}

fn hide(part: &[Unit], hidden: &mut [bool]) {
    if let (Some(first), Some(last)) = (part.first(), part.last())
        && let Some(flags) = hidden.get_mut(first.start..last.end)
    {
        flags.fill(true);
    }
}

/// A byte of a reading, and the range of the original text that it was read from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

impl Unit {
    fn raw((start, byte): (usize, u8)) -> Self {
        Self {
            byte,
            start,
            end: start + 1,
        }
    }
}

/// Decodes percent-encoding.
fn unescape_percent(reading: &[Unit]) -> Vec<Unit> {
    unescape(reading, |rest| {
        let [percent, high, low, ..] = rest else {
            return None;
        };
        let byte = digit(*high)? * 16 + digit(*low)?;
        (percent.byte == b'%').then_some(())?;
        Some((3, vec![u8::try_from(byte).ok()?]))
    })
}

/// Decodes percent-encoding of forms, where a plus sign is a space.
fn unescape_form(reading: &[Unit]) -> Vec<Unit> {
    let spaced: Vec<_> = reading
        .iter()
        .map(|unit| Unit {
            byte: if unit.byte == b'+' { b' ' } else { unit.byte },
            ..*unit
        })
        .collect();
    unescape_percent(&spaced)
}

/// Decodes the escapes of JSON strings.
fn unescape_json(reading: &[Unit]) -> Vec<Unit> {
    unescape(reading, |rest| {
        let [backslash, kind, ..] = rest else {
            return None;
        };
        (backslash.byte == b'\\').then_some(())?;
        let byte = match kind.byte {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return unicode(rest),
            other @ (b'"' | b'\\' | b'/') => other,
            _ => return None,
        };
        Some((2, vec![byte]))
    })
}

/// Decodes a character written as one or two `\uXXXX`.
fn unicode(rest: &[Unit]) -> Option<(usize, Vec<u8>)> {
    let first = code_unit(rest)?;
    let second = rest.get(6..).and_then(code_unit);
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    let alone = char::decode_utf16([first]).next()?.ok();
    let (length, char) = match (alone, pair) {
        (Some(char), _) => (6, char),
        (None, Some(char)) => (12, char),
        (None, None) => return None,
    };
    Some((length, char.encode_utf8(&mut [0; 4]).as_bytes().to_vec()))
}

fn code_unit(rest: &[Unit]) -> Option<u16> {
    let [backslash, u, a, b, c, d, ..] = rest else {
        return None;
    };
    (backslash.byte == b'\\' && u.byte == b'u').then_some(())?;
    let mut digits = [a, b, c, d].into_iter();
    digits.try_fold(0, |number, unit| Some(number * 16 + digit(*unit)?))
}

fn digit(unit: Unit) -> Option<u16> {
    let digit = char::from(unit.byte).to_digit(16)?;
    u16::try_from(digit).ok()
}

/// Returns the reading with every escape decoded. `escape` returns the length of the escape at the
/// start of its argument and the bytes that it decodes to.
fn unescape(reading: &[Unit], escape: impl Fn(&[Unit]) -> Option<(usize, Vec<u8>)>) -> Vec<Unit> {
    let mut unescaped = Vec::with_capacity(reading.len());
    let mut rest = reading;
    while let Some((first, after)) = rest.split_first() {
        let Some((length, bytes)) = escape(rest) else {
            unescaped.push(*first);
            rest = after;
            continue;
        };
        let (escaped, after) = rest.split_at(length.min(rest.len()));
        let end = escaped.last().map_or(first.end, |last| last.end);
        unescaped.extend(bytes.into_iter().map(|byte| Unit {
            byte,
            start: first.start,
            end,
        }));
        rest = after;
    }
    unescaped
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
