//! Converts names of a document to Rust names.
//!
//! The rules are progenitor's and typify's, so that the cross-check finds what these name. Which of
//! several equal names is numbered is decided in [`crate::api`].

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};

/// The name of a component schema's type: `GetToken200Response`.
pub fn model(name: &str) -> String {
    sanitize(name, "X", |text| text.to_pascal_case())
}

/// The name of a property's field and setter: `client_id`.
pub fn field(name: &str) -> String {
    sanitize(name, "x", |text| text.to_snake_case())
}

/// The name of a parameter's setter: `client_id`.
pub fn setter(name: &str) -> String {
    sanitize(name, "_", |text| text.to_snake_case())
}

/// The name of an operation's method: `get_token`.
pub fn operation(id: &str) -> String {
    sanitize(id, "_", |text| text.to_snake_case())
}

/// The request builder of an operation: `GetToken`.
pub fn request_of(id: &str) -> String {
    sanitize(id, "_", |text| text.to_pascal_case())
}

/// The entry of an operation in the table: `GET_TOKEN`.
pub fn entry_of(id: &str) -> String {
    sanitize(id, "_", |text| text.to_shouty_snake_case())
}

fn sanitize(name: &str, prefix: &str, case: impl Fn(&str) -> String) -> String {
    let name = match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => case(
            &name
                .replace('\'', "")
                .replace(|c| !unicode_ident::is_xid_continue(c), "-"),
        ),
    };
    let name = match name.chars().next() {
        None if prefix == "_" => "x".to_owned(),
        None => prefix.to_owned(),
        Some(first) if unicode_ident::is_xid_start(first) => name,
        Some(_) => format!("{prefix}{name}"),
    };
    if is_keyword(&name) {
        format!("{name}_")
    } else {
        name
    }
}

/// What typify does not accept as an identifier: keywords of every edition, the reserved ones too.
fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = " _ abstract as async await become box break const continue crate do dyn \
        else enum extern false final fn for gen if impl in let loop macro match mod move mut \
        override priv pub ref return Self self static struct super trait true try type typeof \
        unsafe unsized use virtual where while yield ";
    KEYWORDS.split_whitespace().any(|keyword| keyword == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_names_equal_the_names_that_progenitor_generates() {
        assert_eq!(model("GetToken200Response"), "GetToken200Response");
        assert_eq!(model("OAuthErrorResponse"), "OAuthErrorResponse");
        assert_eq!(model("2fa-code"), "X2faCode");
        assert_eq!(field("type"), "type_");
        assert_eq!(field("walletId"), "wallet_id");
        assert_eq!(field("+1"), "plus1");
        assert_eq!(field("24h"), "x24h");
        assert_eq!(operation("getToken"), "get_token");
        assert_eq!(entry_of("get_token"), "GET_TOKEN");
        assert_eq!(entry_of("2fa"), "_2FA");
    }
}
