//! Unusual values that the document allows: texts with characters that have a meaning in a URL or in JSON, and numbers
//! that a double-precision float cannot hold.

use cobo_sandbox::{SampleRequest, Specification};
use serde_json::{Map, Value, json};

/// Characters of URLs and of JSON, of two and more bytes, and ones that are escaped in only one of them.
const TEXT: &str = "a b+c%2Fd/e?f=g&h#i,j|k;l\"m\\n'o~p*q\u{e9}\u{6f22}\u{1f511}";

/// Makes the values of a call unusual.
pub fn request(specification: &Specification, id: &str, request: &mut SampleRequest) {
    let document = specification.document();
    let Some([item, operation]) = operation(document, id) else {
        return;
    };
    let lists = [item, operation].map(|holder| holder.get("parameters"));
    for parameter in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
        let parameter = resolve(document, parameter);
        let text = |key| parameter.get(key).and_then(Value::as_str);
        let into = match text("in") {
            Some("path") => &mut request.path,
            Some("query") => &mut request.query,
            // A header cannot have such a text.
            _ => continue,
        };
        if let (Some(name), Some(schema)) = (text("name"), parameter.get("schema")) {
            replace(specification, schema, into, name);
        }
    }
    let body = operation.get("requestBody").map(|body| resolve(document, body));
    // Not in a form: its parts are files.
    let schema = body.and_then(|body| body.pointer("/content/application~1json/schema"));
    if let (Some(schema), Some(body)) = (schema, &mut request.body) {
        value(specification, schema, body);
    }
}

/// Makes the body of a success unusual.
pub fn answer(specification: &Specification, id: &str, answer: &mut Value) {
    let document = specification.document();
    let Some([_, operation]) = operation(document, id) else {
        return;
    };
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let success = responses.into_iter().find(|(status, _)| status.starts_with('2'));
    let success = success.map(|(_, response)| resolve(document, response));
    let schema = success.and_then(|success| success.pointer("/content/application~1json/schema"));
    if let Some(schema) = schema {
        value(specification, schema, answer);
    }
}

fn replace(specification: &Specification, schema: &Value, values: &mut Map<String, Value>, name: &str) {
    if let Some(given) = values.get_mut(name) {
        value(specification, schema, given);
    }
}

/// Replaces each text and number whose replacement the schema allows.
fn value(specification: &Specification, schema: &Value, value: &mut Value) {
    let mut places = Vec::new();
    leaves(value, String::new(), &mut places);
    replace_all(&places, value, &|value| specification.problems(schema, value).is_empty());
}

/// Replaces all of the places, or else, by halves, those that are allowed.
fn replace_all(places: &[String], value: &mut Value, allowed: &dyn Fn(&Value) -> bool) {
    let before = value.clone();
    for place in places {
        if let Some(leaf) = value.pointer_mut(place) {
            *leaf = match leaf {
                Value::String(_) => json!(TEXT),
                // 2^53 + 1
                Value::Number(number) if number.is_i64() => json!(9_007_199_254_740_993_i64),
                _ => serde_json::from_str("1234567.890123456789").expect("a number"),
            };
        }
    }
    if allowed(value) {
        return;
    }
    *value = before;
    if places.len() > 1 {
        let (first, second) = places.split_at(places.len() / 2);
        replace_all(first, value, allowed);
        replace_all(second, value, allowed);
    }
}

/// The JSON pointers of the texts and numbers.
fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{index}"), found);
            }
        }
        Value::String(_) | Value::Number(_) => found.push(at),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The path item and the operation.
fn operation<'a>(document: &'a Value, id: &str) -> Option<[&'a Value; 2]> {
    let items = document.get("paths")?.as_object()?.values();
    items.flat_map(|item| item.as_object().into_iter().flatten().map(move |(_, operation)| [item, operation]))
        .find(|[_, operation]| operation.get("operationId").and_then(Value::as_str) == Some(id))
}

/// The target of a reference; the sandbox has refused references without a target.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(target) = value
        .get("$ref")
        .and_then(|reference| document.pointer(reference.as_str()?.strip_prefix('#')?))
    {
        value = target;
    }
    value
}
