//! Path templates such as `/wallets/{wallet_id}/addresses`.

use percent_encoding::percent_decode_str;

/// The path template of an operation.
pub(crate) struct Template {
    segments: Vec<Segment>,
}

enum Segment {
    Literal(String),
    /// A parameter, and the literal text before and after it.
    Parameter {
        before: String,
        name: String,
        after: String,
    },
}

impl Template {
    pub(super) fn new(path: &str) -> Self {
        let segments = path.trim_start_matches('/').split('/').map(segment);
        Self {
            segments: segments.collect(),
        }
    }

    /// Matches a raw path. Returns the decoded values of the parameters; a value that is not UTF-8 is `None`.
    pub(crate) fn matches(&self, path: &str) -> Option<Vec<(&str, Option<String>)>> {
        let mut raw = path.strip_prefix('/')?.split('/');
        let mut values = Vec::new();
        for segment in &self.segments {
            let found = raw.next()?;
            match segment {
                Segment::Literal(literal) => {
                    if decoded(found).as_deref() != Some(literal) {
                        return None;
                    }
                }
                Segment::Parameter {
                    before,
                    name,
                    after,
                } => {
                    let value = found.strip_prefix(&**before)?.strip_suffix(&**after)?;
                    if value.is_empty() {
                        return None;
                    }
                    values.push((name.as_str(), decoded(value)));
                }
            }
        }
        raw.next().is_none().then_some(values)
    }

    /// Whether a raw path matches this template, which must have no parameters.
    pub(crate) fn is(&self, path: &str) -> bool {
        self.matches(path).is_some_and(|values| values.is_empty())
    }

    /// How much of the path is literal, for precedence: `/wallets/check` goes before `/wallets/{wallet_id}`.
    pub(super) fn literal(&self) -> usize {
        let literal = |segment: &&Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().filter(literal).count()
    }
}

fn segment(text: &str) -> Segment {
    let parameter = text.split_once('{').and_then(|(before, rest)| {
        let (name, after) = rest.split_once('}')?;
        Some((before.to_owned(), name.to_owned(), after.to_owned()))
    });
    match parameter {
        Some((before, name, after)) => Segment::Parameter {
            before,
            name,
            after,
        },
        None => Segment::Literal(text.to_owned()),
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_decoded_and_literal_parts_must_match() {
        let template = Template::new("/wallets/{id}/files/{name}.csv");
        assert_eq!(
            template.matches("/wallets/a%20b/files/x.csv"),
            Some(vec![
                ("id", Some("a b".to_owned())),
                ("name", Some("x".to_owned()))
            ])
        );
        assert_eq!(
            template.matches("/wallets/%FF/files/x.csv"),
            Some(vec![("id", None), ("name", Some("x".to_owned()))])
        );
        for other in [
            "/wallets/a/files/x",
            "/wallets//files/x.csv",
            "/wallets/a/files/x.csv/y",
        ] {
            assert_eq!(template.matches(other), None, "{other}");
        }
        assert_eq!(template.literal(), 2);
    }
}
