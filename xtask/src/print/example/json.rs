//! Writes samples as JSON.

use serde_json::{Map, Value, json};

use super::sample::Sample;
use crate::api::{Api, ModelKind};

pub(super) fn json(api: &Api, sample: &Sample) -> Value {
    match sample {
        Sample::Text(text) | Sample::Secret(text) | Sample::Date(text) => json!(text),
        Sample::Bool(value) => json!(value),
        Sample::Integer(number) => json!(number),
        Sample::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
        Sample::File => json!("content"),
        Sample::Json(value) => value.clone(),
        Sample::OrNull(_, value) => value
            .as_ref()
            .map(|value| json(api, value))
            .unwrap_or_default(),
        Sample::List(_, items) => items.iter().map(|item| json(api, item)).collect(),
        Sample::Map(_, entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), json(api, value)))
            .collect(),
        Sample::Object(id, fields) => {
            let object = api.model(*id).object();
            let all = object.map(|object| &object.fields[..]).unwrap_or_default();
            let pairs = fields.iter().map(|(index, value)| {
                let value = value.as_ref().map(|value| json(api, value));
                (all[*index].wire.clone(), value.unwrap_or_default())
            });
            Value::Object(pairs.collect())
        }
        Sample::Enum(id, index) => match (&api.model(*id).kind, index) {
            (ModelKind::StringEnum(open), Some(index)) => json!(open.values[*index].value),
            (ModelKind::IntegerEnum(open), Some(index)) => json!(open.values[*index].value),
            (ModelKind::IntegerEnum(_), None) => json!(1),
            _ => json!("text"),
        },
        Sample::Wrapper(_, held) => json(api, held),
        Sample::Union(id, _, tag, held) => {
            let value = json(api, held);
            let name = api.model(*id).discriminator();
            match (value, name.zip(tag.as_ref())) {
                // The variant does not declare the property that selects it.
                (Value::Object(fields), Some((name, tag))) if !fields.contains_key(name) => {
                    let mut tagged = Map::from_iter([(name.to_owned(), json!(tag))]);
                    tagged.extend(fields);
                    Value::Object(tagged)
                }
                (value, _) => value,
            }
        }
        Sample::Unknown(_) => json!({}),
    }
}
