//! The canonical target: the one form of path and query that is signed and sent.
//!
//! Cobo's documents do not say which form the server verifies, and each of the official SDKs signs,
//! for some values, another string than it sends. This is the form that all of them sign and send
//! in the same way: keys sorted, empty values left out, each key once (a list is one
//! comma-separated value), `A-Z a-z 0-9 - . _ ~` unescaped, a space as `+`, everything else as
//! `%XX` in upper case; in the path, every character that may be unescaped is unescaped.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use url::Url;

/// The characters that are escaped in a value: all but RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The characters that are escaped in a path segment: all but RFC 3986's `pchar`.
const SEGMENT: &AsciiSet = &VALUE
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Why a target has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// An item of a list contains a comma, so it would be read as two items.
    #[error("an item of the list `{name}` contains a comma, which separates items")]
    CommaInItem {
        /// The query parameter.
        name: String,
    },
    /// A path segment that URL parsers resolve: `.` or `..`, in any spelling.
    #[error("a path segment cannot be `.` or `..`, which URL parsers resolve")]
    DotSegment,
    /// A backslash or a slash inside a segment, raw or escaped.
    #[error("a path segment cannot contain a slash or a backslash")]
    Separator,
    /// An empty path segment.
    #[error("an empty path segment leads to another endpoint")]
    EmptySegment,
    /// A control character.
    #[error("a path cannot contain a control character")]
    Control,
    /// A path that a URL parser would change.
    #[error("URL parsers change this path")]
    Changed,
}

/// Rewrites path and query of a URL in the canonical form and removes the fragment. Idempotent.
///
/// # Errors
///
/// [`TargetError::CommaInItem`] if a repeated key has to be joined and an item contains a comma.
///
/// ```
/// let mut url = "https://api.cobo.com/v2/x%3ay?b=1%7e&a=c d&e=&l=1&l=2".parse()?;
/// cobo_auth::canonicalize(&mut url)?;
/// assert_eq!(url.as_str(), "https://api.cobo.com/v2/x:y?a=c+d&b=1~&l=1%2C2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn canonicalize(url: &mut Url) -> Result<(), TargetError> {
    if let Cow::Owned(path) = canonical_path(url.path()) {
        url.set_path(&path);
    }
    if let Some(query) = url.query() {
        let query = canonical_query(query)?;
        // An empty query would be sent as a lone `?`.
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    }
    url.set_fragment(None);
    Ok(())
}

/// The canonical form of a path. Its slashes separate segments.
fn canonical_path(path: &str) -> Cow<'_, str> {
    if !path.contains('%') && path.split('/').all(is_canonical_segment) {
        return Cow::Borrowed(path);
    }
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| {
            let decoded: Cow<'_, [u8]> = percent_decode_str(segment).into();
            percent_encode(&decoded, SEGMENT).to_string()
        })
        .collect();
    Cow::Owned(segments.join("/"))
}

fn is_canonical_segment(segment: &str) -> bool {
    let mut chunks = percent_encode(segment.as_bytes(), SEGMENT);
    chunks
        .next()
        .is_none_or(|chunk| chunk.len() == segment.len())
}

/// The URL of a request: the path below the base URL, and the pairs of the query, in the canonical
/// form. The path has escaped segments, which were checked.
pub(crate) fn canonical_url(
    base: &Url,
    path: &str,
    query: Vec<(Cow<'static, str>, String)>,
) -> Result<Url, TargetError> {
    let path = [base.path().trim_end_matches('/'), path].concat();
    let path = canonical_path(&path);
    let mut url = base.clone();
    url.set_path(&path);
    if url.path() != path {
        // A path that was checked has nothing that a URL parser changes.
        return Err(TargetError::Changed);
    }
    let pairs = query.iter().map(|(name, value)| {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        (Cow::Borrowed(name), Cow::Borrowed(value))
    });
    let query = canonical_pairs(pairs)?;
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    Ok(url)
}

/// The canonical form of a query.
fn canonical_query(query: &str) -> Result<String, TargetError> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    canonical_pairs(pairs.map(|(name, value)| (form_decode(name), form_decode(value))))
}

/// The canonical form of a query with these names and values.
fn canonical_pairs<'a>(
    pairs: impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)>,
) -> Result<String, TargetError> {
    let mut pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
    // The sort is stable, so the items of a list keep their order.
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));

    let length = |(name, value): &(Cow<[u8]>, Cow<[u8]>)| name.len() + value.len() + 2;
    let mut canonical = String::with_capacity(pairs.iter().map(length).sum());
    for items in pairs.chunk_by(|(a, _), (b, _)| a == b) {
        let name = &items[0].0;
        if items.len() > 1 && items.iter().any(|(_, item)| item.contains(&b',')) {
            return Err(TargetError::CommaInItem {
                name: String::from_utf8_lossy(name).into_owned(),
            });
        }
        if !canonical.is_empty() {
            canonical.push('&');
        }
        form_encode(name, &mut canonical);
        canonical.push('=');
        for (index, (_, item)) in items.iter().enumerate() {
            if index > 0 {
                canonical.push_str("%2C");
            }
            form_encode(item, &mut canonical);
        }
    }
    Ok(canonical)
}

/// Decodes a name or a value of a form, where `+` is a space. Bytes, since a value may not be
/// UTF-8.
fn form_decode(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return percent_decode_str(&spaced).collect::<Vec<_>>().into();
    }
    percent_decode_str(text).into()
}

fn form_encode(bytes: &[u8], into: &mut String) {
    for (index, word) in bytes.split(|byte| *byte == b' ').enumerate() {
        if index > 0 {
            into.push('+');
        }
        into.extend(percent_encode(word, VALUE));
    }
}

/// Escapes a value as one path segment. Refuses a value that would change the path.
pub(crate) fn path_segment(value: &str) -> Result<String, TargetError> {
    if value.is_empty() {
        return Err(TargetError::EmptySegment);
    }
    check_value(value)?;
    Ok(percent_encode(value.as_bytes(), SEGMENT).to_string())
}

/// Checks the value of a path segment, without escapes.
fn check_value(value: &str) -> Result<(), TargetError> {
    // A lenient server may decode the segment twice, so the decoded value is checked as well.
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    if is_dots(value) || is_dots(&decoded) {
        return Err(TargetError::DotSegment);
    }
    if [value, &decoded]
        .iter()
        .any(|text| text.contains(['/', '\\']))
    {
        return Err(TargetError::Separator);
    }
    if [value, &decoded]
        .iter()
        .any(|text| text.contains(char::is_control))
    {
        return Err(TargetError::Control);
    }
    Ok(())
}

/// Checks a path that the caller wrote in one piece, with escaped segments.
pub(crate) fn check_path(path: &str) -> Result<(), TargetError> {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        let is_last = segments.peek().is_none();
        // A slash at the end of the path is allowed; it is signed and sent unchanged.
        if segment.is_empty() && !is_last {
            return Err(TargetError::EmptySegment);
        }
        check_value(&decoded)?;
    }
    Ok(())
}

/// Joins the items of a list with commas.
pub(crate) fn comma_list(
    name: &str,
    items: impl IntoIterator<Item = String>,
) -> Result<String, TargetError> {
    let items: Vec<_> = items.into_iter().collect();
    if items.iter().any(|item| item.contains(',')) {
        return Err(TargetError::CommaInItem { name: name.into() });
    }
    Ok(items.join(","))
}

fn is_dots(segment: &str) -> bool {
    // Some servers read the text after a semicolon as a parameter of the segment.
    let segment = segment.split(';').next().unwrap_or_default();
    // Some parsers remove tabs and newlines inside a URL; then separated dots become a dot segment.
    let mut dots = segment
        .chars()
        .filter(|char| !matches!(char, '\t' | '\n' | '\r'));
    matches!(
        (dots.next(), dots.next(), dots.next()),
        (Some('.'), None, _) | (Some('.'), Some('.'), None)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_segment_escapes_only_characters_invalid_in_a_segment() {
        let raw = "aZ09-._~!$&'()*+,;=:@";
        assert_eq!(path_segment(raw).unwrap(), raw);
        assert_eq!(
            path_segment("a b|c?d#e%f\u{e9}").unwrap(),
            "a%20b%7Cc%3Fd%23e%25f%C3%A9"
        );
        for dotted in ["...", ".a", "a..", "..a", ". ."] {
            assert!(path_segment(dotted).is_ok(), "{dotted}");
        }
    }

    #[test]
    fn empty_dot_or_separator_path_segment_is_refused() {
        use TargetError::{Control, DotSegment, EmptySegment, Separator};
        let cases = [
            ("", EmptySegment),
            (".", DotSegment),
            ("..", DotSegment),
            ("%2e", DotSegment),
            ("%2E%2e", DotSegment),
            (".%2e", DotSegment),
            (".\t.", DotSegment),
            ("..;", DotSegment),
            (".;x=1", DotSegment),
            ("%2e%2e;x", DotSegment),
            ("..%3bx", DotSegment),
            ("a/b", Separator),
            ("../x", Separator),
            ("a\\b", Separator),
            ("..\\..", Separator),
            ("%2f", Separator),
            ("a%5Cb", Separator),
            ("a\nb", Control),
            ("a%00b", Control),
        ];
        for (value, why) in cases {
            assert_eq!(path_segment(value), Err(why), "{value:?}");
        }
    }

    #[test]
    fn path_with_an_empty_dot_or_separator_segment_is_refused() {
        assert_eq!(check_path("/organizations/info"), Ok(()));
        assert_eq!(check_path("/x/a%20b"), Ok(()));
        assert_eq!(check_path("/x/"), Ok(()));
        assert_eq!(check_path("/x//"), Err(TargetError::EmptySegment));
        assert_eq!(check_path("/x/../y"), Err(TargetError::DotSegment));
        assert_eq!(check_path("/x/%2e%2E/y"), Err(TargetError::DotSegment));
        assert_eq!(
            check_path("//evil.example/y"),
            Err(TargetError::EmptySegment)
        );
        assert_eq!(check_path("/x/a%2Fb"), Err(TargetError::Separator));
        assert_eq!(check_path("/x/a%252Fb"), Err(TargetError::Separator));
        assert_eq!(check_path("/x/%252e%252E/y"), Err(TargetError::DotSegment));
        assert_eq!(check_path("/x/a\\b"), Err(TargetError::Separator));
    }

    #[test]
    fn list_item_that_contains_a_comma_is_refused() {
        let list = |items: [&str; 2]| comma_list("ids", items.map(str::to_owned));
        assert_eq!(list(["a", "b"]).unwrap(), "a,b");
        assert!(list(["a,b", "c"]).is_err());
    }
}
