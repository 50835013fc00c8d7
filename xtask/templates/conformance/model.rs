//! Each model through JSON and back.

use cobo_sandbox::{Fields, Specification};
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{Found, difference, models};

/// Decodes a value as a model and encodes it again.
pub type RoundTrip = fn(&Value) -> Result<Back, String>;

/// A value after a round trip, and its `Debug` text.
pub struct Back {
    pub value: Value,
    pub debug: String,
}

impl Back {
    /// Whether any part of it was decoded as something that the client does not know: open enums and unions say so.
    pub fn is_unknown(&self) -> bool {
        self.debug.contains("Unknown(")
    }
}

/// A value encoded, and as `Debug` shows it.
pub fn encoded<T: Serialize + Debug>(value: &T) -> Result<Back, String> {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let back = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    Ok(Back {
        value: back,
        debug: format!("{value:?}"),
    })
}

pub fn round_trip<T: DeserializeOwned + Serialize + Debug>(value: &Value) -> Result<Back, String> {
    let value: T = serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())?;
    encoded(&value)
}

/// How the names of secrets end.
const SECRETS: [&str; 5] = ["password", "passphrase", "secret", "access_token", "refresh_token"];

/// What no document has.
const UNKNOWN: &str = "no_document_has_this";

pub fn all(document: &Specification, named: &Specification, most: usize, found: &mut Found) {
    for (name, round_trip) in models::ALL {
        let schema = json!({ "$ref": format!("#/components/schemas/{}", escaped(name)) });
        // As the document itself has it, where it has it.
        let components = document.document().pointer("/components/schemas");
        let own = components.and_then(|components| components.get(*name));
        let (specification, own) = match own {
            Some(own) => (document, Some(own)),
            None => {
                let components = named.document().pointer("/components/schemas");
                (named, components.and_then(|components| components.get(*name)))
            }
        };
        let Some(own) = own else {
            found.problem(name, "no document has this model");
            continue;
        };
        found.models += 1;
        let mut model = Model {
            name,
            round_trip: *round_trip,
            found: &mut *found,
        };
        model.fields(specification, &schema, most);
        model.values(own);
        model.nulls(specification, &schema, own);
        model.secrets(specification, &schema, own);
        model.unknown(specification, &schema, own);
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

struct Model<'a> {
    name: &'a str,
    round_trip: RoundTrip,
    found: &'a mut Found,
}

impl Model<'_> {
    /// Whether a value comes back as it is.
    fn same(&mut self, what: &str, value: &Value) -> bool {
        self.becomes(what, value, value, false)
    }

    /// Whether a value that the client does not know comes back as it is.
    fn kept(&mut self, what: &str, value: &Value) -> bool {
        self.becomes(what, value, value, true)
    }

    /// Whether a value comes back as another, and is known or not.
    fn becomes(&mut self, what: &str, value: &Value, wanted: &Value, unknown: bool) -> bool {
        self.found.values += 1;
        let result = (self.round_trip)(value).and_then(|back| match difference(wanted, &back.value) {
            Some(difference) => Err(difference),
            None if unknown && !back.is_unknown() => Err("it was decoded as something known".to_owned()),
            None if back.is_unknown() && !unknown => Err("it was decoded as something unknown".to_owned()),
            None => Ok(()),
        });
        match result {
            Ok(()) => true,
            Err(reason) => {
                self.found.problem(format_args!("{} ({what})", self.name), reason);
                false
            }
        }
    }

    /// All fields; only those required; each optional one alone. Every union's variants in turn.
    fn fields(&mut self, specification: &Specification, schema: &Value, most: usize) {
        let mut turn = 0;
        loop {
            let all = specification.sample(schema, Fields::All, turn);
            let required = specification.sample(schema, Fields::Required, turn).value;
            let good = self.same(&format!("all, turn {turn}"), &all.value)
                && self.same(&format!("required, turn {turn}"), &required)
                && self.ignores(&all.value);
            let names = all.value.as_object().into_iter().flat_map(Map::keys);
            for name in names.filter(|name| required.get(name.as_str()).is_none()) {
                let fields = Fields::RequiredAnd(name);
                let one = specification.sample(schema, fields, turn).value;
                self.same(&format!("{name} alone, turn {turn}"), &one);
            }
            turn += 1;
            if !good || turn >= all.turns.min(most) {
                return;
            }
        }
    }

    /// What a newer API may add leaves the rest alone. Where a schema allows more by name, it is kept.
    fn ignores(&mut self, value: &Value) -> bool {
        let Value::Object(object) = value else {
            return true;
        };
        let mut more = object.clone();
        more.insert(UNKNOWN.to_owned(), json!({ "a": [1, null, "text"] }));
        let more = Value::Object(more);
        let open = (self.round_trip)(&more).is_ok_and(|back| back.value.get(UNKNOWN).is_some());
        let wanted = if open { &more } else { value };
        self.becomes("with an unknown field", &more, wanted, false)
    }

    /// Every value of an enum, and one that it does not have.
    fn values(&mut self, own: &Value) {
        let Some(values) = own.get("enum").and_then(Value::as_array) else {
            return;
        };
        for value in values.iter().filter(|value| !value.is_null()) {
            self.same("a value of the enum", value);
        }
        let unknown = match values.first() {
            Some(Value::Number(_)) => json!(987_654_321),
            _ => json!(UNKNOWN),
        };
        self.kept("an unknown value of the enum", &unknown);
    }

    /// A property that may be `null` is `null` again, and not absent.
    fn nulls(&mut self, specification: &Specification, schema: &Value, own: &Value) {
        let all = specification.sample(schema, Fields::All, 0).value;
        let properties = own.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if property.get("nullable") != Some(&Value::Bool(true)) {
                continue;
            }
            let mut value = all.clone();
            if let Some(object) = value.as_object_mut() {
                object.insert(name.clone(), Value::Null);
            }
            self.same(&format!("{name} null"), &value);
        }
    }

    /// What is a secret by its name is written and not shown.
    fn secrets(&mut self, specification: &Specification, schema: &Value, own: &Value) {
        let properties = own.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let text = property.get("type") == Some(&json!("string"));
            let secret = SECRETS.iter().any(|end| name.to_lowercase().ends_with(end));
            if !text || !secret || property.get("enum").is_some() {
                continue;
            }
            let mut value = specification.sample(schema, Fields::All, 0).value;
            if let Some(object) = value.as_object_mut() {
                object.insert(name.clone(), json!(UNKNOWN));
            }
            self.same(&format!("{name} hidden"), &value);
            if (self.round_trip)(&value).is_ok_and(|back| back.debug.contains(UNKNOWN)) {
                self.found.problem(self.name, format_args!("{name} is a secret and is shown"));
            }
        }
    }

    /// A variant that a union does not have is kept whole.
    fn unknown(&mut self, specification: &Specification, schema: &Value, own: &Value) {
        let union = own.get("oneOf").or_else(|| own.get("anyOf")).is_some();
        let tag = own.pointer("/discriminator/propertyName").and_then(Value::as_str);
        let (Some(tag), true) = (tag, union) else {
            return;
        };
        let mut value = specification.sample(schema, Fields::All, 0).value;
        if let Some(object) = value.as_object_mut() {
            object.insert(tag.to_owned(), json!(UNKNOWN));
            object.insert(UNKNOWN.to_owned(), json!([1, { "b": null }]));
        }
        self.kept("an unknown variant", &value);
    }
}
