//! Marks properties and parameters as secrets by their names.
//!
//! Documents of others have no marks, and printing a request or response would then print its
//! passwords. The list of secret names is only here.

use serde_json::{Map, Value, json};

use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, flag, reference, text};
use crate::report::Log;
use crate::schema;

/// The mark of a secret.
const MARK: &str = "x-cobo-secret";

/// Words that name a secret, whatever comes before them.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "mnemonic",
    "mnemonics",
    "apikey",
    "otp",
    "totp",
    "jwt",
];

/// Words that name a secret only after one of these words. `token` alone may be a blockchain token.
const AFTER: [(&str, &[&str]); 4] = [
    (
        "token",
        &[
            "access",
            "refresh",
            "auth",
            "bearer",
            "session",
            "permission",
            "api",
            "oauth",
        ],
    ),
    (
        "key",
        &["api", "secret", "private", "signing", "encryption"],
    ),
    ("phrase", &["pass", "seed", "recovery", "mnemonic"]),
    ("code", &["ga", "otp", "totp", "mfa"]),
];

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let texts: Vec<String> = document
        .components("schemas")
        .filter(|(_, schema)| is_text(schema))
        .map(|(name, _)| at("#/components/schemas", name))
        .collect();
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            return;
        };
        for (name, property) in properties {
            if is_secret(name) && mark(property, &texts) {
                log.change(
                    Stage::Secrets,
                    format!("{pointer}: `{name}` is a secret by its name"),
                );
            }
        }
    });
    parameters(document, &texts, log);
    Ok(())
}

/// Marks the schemas of parameters that are marked themselves, or that are secrets by their names.
fn parameters(document: &mut Document, texts: &[String], log: &mut Log) {
    let operations: Vec<String> = document.operations().map(|place| place.pointer()).collect();
    for pointer in operations {
        let parameters = document.root.pointer_mut(&at(&pointer, "parameters"));
        let parameters = parameters.and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let Some(name) = text(parameter, "name") else {
                continue;
            };
            let is_marked = flag(parameter, MARK);
            if !(is_marked || (is_secret(&name) && parameter.get(MARK).is_none())) {
                continue;
            }
            let schema = parameter.get_mut("schema");
            if schema.is_some_and(|schema| mark(schema, texts)) && !is_marked {
                log.change(
                    Stage::Secrets,
                    format!("{pointer}: the parameter `{name}` is a secret by its name"),
                );
            }
        }
    }
}

/// Marks a text as a secret. Returns whether the mark is new.
fn mark(schema: &mut Value, texts: &[String]) -> bool {
    if schema.get(MARK).is_some() {
        return false;
    }
    if let Some(target) = reference(schema)
        && texts.iter().any(|text| text == target)
    {
        // Only this place is secret, not its type everywhere.
        let mut own: Map<String, Value> = entries(Some(schema))
            .filter(|(key, _)| *key != "$ref")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        own.insert("type".to_owned(), json!("string"));
        *schema = Value::Object(own);
    }
    if is_text(schema)
        && let Some(map) = schema.as_object_mut()
    {
        map.insert(MARK.to_owned(), Value::Bool(true));
        return true;
    }
    false
}

fn is_text(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("string")
        && schema.get("enum").is_none()
        && schema.get("format").and_then(Value::as_str) != Some("binary")
}

/// Whether a property or a parameter of this name is a secret: whether its last word is a secret
/// word. One that only describes a secret (`password_hint`, `token_type`, `api_key_id`) ends in another word.
pub fn is_secret(name: &str) -> bool {
    let name = heck::ToSnakeCase::to_snake_case(name);
    let words: Vec<&str> = name.split('_').collect();
    let Some((last, before)) = words.split_last() else {
        return false;
    };
    SECRETS.contains(last)
        || AFTER.iter().any(|(word, after)| {
            word == last && before.last().is_some_and(|before| after.contains(before))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_names_of_secrets_are_recognised() {
        for name in [
            "password",
            "new_password",
            "secret",
            "apiSecret",
            "client_secret",
            "passphrase",
            "apikey",
            "api_key",
            "secret_key",
            "private_key",
            "access_token",
            "refresh_token",
            "accessToken",
            "ga_code",
            "seed_phrase",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn blockchain_token_and_public_key_names_are_not_secrets() {
        for name in [
            "token",
            "tokens",
            "token_id",
            "token_ids",
            "token_symbol",
            "token_name",
            "token_type",
            "token_address",
            "fee_token_id",
            "underlying_token",
            "token_access_activated",
            "pubkey",
            "public_key",
            "root_pub_key",
            "extended_public_key",
            "key",
            "business_key",
            "alt_account_key",
            "key_share_holders",
            "swift_code",
            "status_code",
            "error_code",
            "signature",
            "nonce",
            "secret_id",
            "password_hint",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
