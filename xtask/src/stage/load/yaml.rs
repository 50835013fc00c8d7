//! Converts YAML to JSON and records the line of every value.
//!
//! The values are first read into a separate tree: `serde_json::Value` has no room for lines, and
//! would silently keep only the last of two duplicate keys.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::thread;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};

use crate::document::{at, item};

/// The maximum number of values and keys that aliases may expand to, and that anchors may name.
const ALIASED: usize = 100_000;

/// The maximum number of levels of a document. Those of Cobo have fewer than 20.
const MAX_DEPTH: usize = 128;

/// The stack for reading. The reader calls itself for each level, with some 25 KB without optimisation.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// A parsed YAML file.
pub(crate) struct Yaml {
    pub(crate) root: Value,
    pub(crate) lines: BTreeMap<String, usize>,
    /// The pointers and lines of duplicate keys.
    pub(crate) duplicates: Vec<(String, usize)>,
}

/// The line, if known, and the reason why a file is refused.
type Refused = (Option<usize>, String);

/// Parses a file.
pub(crate) fn read(text: &str) -> Result<Yaml, Refused> {
    let thread = thread::Builder::new().stack_size(STACK_BYTES);
    thread::scope(|scope| {
        let reading = thread.spawn_scoped(scope, || read_here(text));
        let reading = reading.map_err(|error| (None, format!("cannot start a thread: {error}")))?;
        reading.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn read_here(text: &str) -> Result<Yaml, Refused> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // In YAML 1.2, `on`, `no` and the like are strings.
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        // Cobo's whole document has some 100,000 nodes and grows. An anchor may be used often, for
        // example for a common response; the total expansion is limited separately.
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: 4_000_000,
            max_events: 16_000_000,
            max_recorded_anchor_events: ALIASED,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED,
        },
        with_snippet: false,
    };
    let node: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error
            .location()
            .and_then(|location| usize::try_from(location.line()).ok());
        let reason = error.without_snippet().to_string();
        let is_expansion = ["RecordedAnchorEvents", "replay"];
        if is_expansion.iter().any(|word| reason.contains(word)) {
            let reason = format!(
                "its aliases (`*name`) expand to more than {ALIASED} values: write the values out, or \
                 use references (`$ref`)"
            );
            return (line, reason);
        }
        if reason.starts_with("budget") || reason.starts_with("recursion limit") {
            return (line, format!("it exceeds a limit for documents: {reason}"));
        }
        (line, format!("not valid YAML: {reason}"))
    })?;
    let mut reader = Reader {
        text,
        yaml: Yaml {
            root: Value::Null,
            lines: BTreeMap::new(),
            duplicates: Vec::new(),
        },
    };
    let line = line(&node.0);
    reader.yaml.root = reader.value(node, String::new(), line, Reading::Values);
    Ok(reader.yaml)
}

fn line<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line()).unwrap_or_default()
}

/// How unquoted scalars are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As the values that YAML defines.
    Values,
    /// As parts of an example, where an address or hash must not become a number.
    Example,
    /// As values of a string enum.
    Text,
}

struct Reader<'a> {
    text: &'a str,
    yaml: Yaml,
}

impl Reader<'_> {
    fn value(&mut self, node: Node, pointer: String, line: usize, reading: Reading) -> Value {
        let value = match node.0.value {
            Content::Scalar(value) => self
                .literal(&node.0.referenced, &value, reading)
                .map_or(value, Value::String),
            Content::List(nodes) => {
                let mut list = Vec::with_capacity(nodes.len());
                for (index, node) in nodes.into_iter().enumerate() {
                    let start = self::line(&node.0);
                    list.push(self.value(node, item(&pointer, index), start, reading));
                }
                Value::Array(list)
            }
            Content::Map(entries) => {
                let mut map = Map::new();
                let is_text = entries.iter().any(|(key, node)| {
                    matches!(&node.0.value, Content::Scalar(value) if value == "string")
                        && key.value == "type"
                });
                for (key, node) in entries {
                    let start = self::line(&key);
                    let pointer = at(&pointer, &key.value);
                    let reading = match key.value.as_str() {
                        _ if reading == Reading::Example => reading,
                        "example" | "examples" => Reading::Example,
                        "enum" if is_text => Reading::Text,
                        _ => Reading::Values,
                    };
                    if map.contains_key(&key.value) {
                        self.yaml.duplicates.push((pointer, start));
                        continue;
                    }
                    let value = self.value(node, pointer, start, reading);
                    map.insert(key.value, value);
                }
                Value::Object(map)
            }
        };
        self.yaml.lines.insert(pointer, line);
        value
    }

    /// The source text of a scalar that YAML would read as a number although it is text. An address
    /// or hash in an example would lose its leading zeros or last digits.
    fn literal(
        &self,
        location: &serde_saphyr::Location,
        value: &Value,
        reading: Reading,
    ) -> Option<String> {
        if reading == Reading::Values || value.is_null() {
            return None;
        }
        let offset = usize::try_from(location.span().byte_offset()?).ok()?;
        let rest = self.text.get(offset..)?;
        let literal = rest.split([' ', '\t', '\r', '\n', ',', ']', '}']).next()?;
        let digits = literal.bytes().all(|byte| byte.is_ascii_digit());
        let lost = (reading == Reading::Text && !value.is_string())
            || literal.starts_with("0x")
            || (value == ".inf" && literal.starts_with(|c: char| c.is_ascii_digit()))
            || (value.is_f64() && digits);
        lost.then(|| literal.to_owned())
    }
}

struct Node(Spanned<Content>);

enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Number(value.into())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Number(value.into())))
    }

    // `serde_json` here has no integers above 64 bits, so their digits are kept as a string.
    fn visit_i128<E: Error>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Scalar(Value::String(value.to_string())))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Content, E> {
        Ok(Content::Scalar(Value::String(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(
            Number::from_f64(value).map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Content, E> {
        Ok(Content::Scalar(Value::String(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element()? {
            nodes.push(node);
        }
        Ok(Content::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Content::Map(entries))
    }
}
