//! Writes `docs/errors.md` from the kinds and codes of this folder, and checks that the committed
//! page is up to date. `UPDATE=1` writes the page.

use std::fmt::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::*;

const HEAD: &str = "\
# Errors

<!-- Written by a test from the code. Do not edit. After a change:
     UPDATE=1 cargo test -p cobo-auth --lib page_of_errors -->

Every call returns a `cobo_auth::Error` when it fails. First ask whether the call was carried out:

| `error.execution()` | meaning | a write | a read |
| --- | --- | --- | --- |
| `NotExecuted` | The call was not carried out. | Correct the cause, or send it again if `is_retryable()`. | The same. |
| `Unknown` | The call may have been carried out. | Look it up, for example by its `request_id`, before you send it again. | Send it again. |
| `Executed` | The call was carried out, and its response does not decode. | Never send it again: read `success_body()`. | Read `success_body()`. |

`execution()` is about all attempts of the call together. The tables below are about the last
attempt: if an earlier attempt may have been carried out, the answer is `Unknown`, and the error's
text says so. The client has already made the retries that are safe before it returns an error.

The text of an error (`Display`) starts with the operation, and names the status, Cobo's code and the
error id. Give the error id to Cobo's support. Use `Debug` in logs: it omits Cobo's message.
";

const KINDS: &str = "
## Kinds

`error.kind()` is the category of the last attempt's failure. \"Later\" means that the same call may
succeed later without a change (`is_retryable()`).

| kind | meaning | carried out | later | what to do |
| --- | --- | --- | --- | --- |
";

const TEXTS: &str = "
## Texts

The text of each failure, for a write.

| kind | text | carried out |
| --- | --- | --- |
";

const CODES: &str = "
## Codes

`error.code()` is Cobo's error code. The column \"carried out\" is for a response with a 4xx status
(not 408 or 409) that Cobo signed, and signed recently. With any other response, the answer is
\"unknown\". A code that is not in this table is kept as it is (`ErrorCode::get`); for such a code the
answer is \"unknown\". The advice is `ErrorCode::advice`, which holds for every response.

| code | constant | name | carried out | later | what to do |
| --- | --- | --- | --- | --- | --- |
";

const OAUTH: &str = "
The OAuth operations answer with names instead of codes (`error.oauth_error()`). These names mean
that nothing was carried out, under the same conditions:
";

/// An operation with a request id.
static TRANSFER: crate::Operation = crate::Operation::post("transfer", "/transfer")
    .idempotent_by("request_id", "list_transactions");

/// One failure of each internal kind. If it does not compile, add the new kind here too.
fn samples() -> Vec<Kind> {
    let api = |body: &str| ErrorBody::parse(body.as_bytes()).unwrap();
    let body = || Body::new(Zeroizing::new(b"{}".to_vec()));
    let why = || "`transaction_id` is missing".to_owned();
    let samples = vec![
        Kind::Configuration("invalid base URL: …".to_owned()),
        Kind::InvalidRequest("the HTTP client cannot build the request".to_owned()),
        Kind::Missing(MissingFields::new(vec!["client_id".to_owned()])),
        Kind::Target {
            name: "wallet_id".into(),
            why: TargetError::DotSegment,
        },
        Kind::Signer,
        Kind::Credential { for_now: false },
        Kind::Credential { for_now: true },
        Kind::Connect,
        Kind::Timeout,
        Kind::Deadline { sent: false },
        Kind::Deadline { sent: true },
        Kind::Transport,
        Kind::Redirect {
            host: Some("example.com".to_owned()),
        },
        Kind::TooLarge { limit: 33_554_432 },
        Kind::Unsigned,
        Kind::BadSignature,
        Kind::Stale,
        Kind::Outdated,
        Kind::Api(api(
            r#"{"error_code":2028,"error_message":"","error_id":"…"}"#,
        )),
        Kind::Api(api(
            r#"{"error_code":2000,"error_message":"","error_id":"…"}"#,
        )),
        Kind::Api(api(
            r#"{"error_code":30001,"error_message":"","error_id":"…"}"#,
        )),
        Kind::Api(api(r#"{"error":"invalid_grant","error_description":""}"#)),
        Kind::Unexpected,
        Kind::Coded {
            coding: Some("gzip".to_owned()),
        },
        Kind::Decode {
            why: why(),
            certain: true,
            body: body(),
        },
        Kind::Decode {
            why: why(),
            certain: false,
            body: body(),
        },
        Kind::RepeatedCursor,
    ];
    for sample in &samples {
        match sample {
            Kind::Configuration(_)
            | Kind::InvalidRequest(_)
            | Kind::Missing(_)
            | Kind::Target { .. }
            | Kind::Signer
            | Kind::Credential { .. }
            | Kind::Connect
            | Kind::Timeout
            | Kind::Deadline { .. }
            | Kind::Transport
            | Kind::Redirect { .. }
            | Kind::TooLarge { .. }
            | Kind::Unsigned
            | Kind::BadSignature
            | Kind::Stale
            | Kind::Outdated
            | Kind::Api(_)
            | Kind::Unexpected
            | Kind::Coded { .. }
            | Kind::Decode { .. }
            | Kind::RepeatedCursor => {}
        }
    }
    samples
}

/// What a caller does about a kind of failure.
fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "Correct the setting that the text names.",
        ErrorKind::InvalidRequest => {
            "Correct the request. `missing_fields()` lists every missing field."
        }
        ErrorKind::Signer => {
            "Read the error's `source()`. If the key is in another process, check that it runs."
        }
        ErrorKind::Credential => {
            "Read the error's `source()`. With a token source it is a `TokenError`, which \
             `cobo_oauth::TokenError::of(&error)` returns: if its `is_not_installed()` is true, the \
             organization has to install the app again."
        }
        ErrorKind::Connect => "Check the network, DNS, the proxy and the certificates; call again.",
        ErrorKind::Timeout => {
            "Look up whether a write was carried out. If it happens often, raise the timeout or the retry deadline."
        }
        ErrorKind::Transport => "Look up whether a write was carried out, then call again.",
        ErrorKind::Redirect => "Check the base URL, and which server answers there.",
        ErrorKind::TooLarge => "Raise `ClientBuilder::max_response_bytes`, or ask for less.",
        ErrorKind::Unverified => {
            "Do not trust the response. Check that the environment is the right one, that no proxy \
             changes responses, and the clock of this machine."
        }
        ErrorKind::Api => "See the codes below.",
        ErrorKind::RequestIdTaken => {
            "Look the request up by its id, and compare what it did with this request. Do not send \
             this request with another id before that."
        }
        ErrorKind::Unexpected => {
            "Look up whether a write was carried out. Ask the operator of the gateway or the proxy."
        }
        ErrorKind::ContentEncoding => "Switch off compression in the proxy that adds it.",
        ErrorKind::Decode => "Read the bytes in `success_body()`, and update this SDK.",
        ErrorKind::RepeatedCursor => {
            "Do not treat the list as complete. Read it again from the start; if the error happens again, ask Cobo."
        }
    }
}

fn page() -> String {
    let errors: Vec<Error> = samples().into_iter().flat_map(errors).collect();
    let names = super::execution::CLEAR_OAUTH_REFUSALS.map(|name| format!("`{name}`"));
    let names = names.join(", ");
    let (kinds, texts, codes) = (kinds(&errors), texts(&errors), codes());
    format!("{HEAD}{KINDS}{kinds}{TEXTS}{texts}{CODES}{codes}{OAUTH}{names}.\n")
}

fn kinds(errors: &[Error]) -> String {
    let mut rows = String::new();
    for (name, meaning) in documented_kinds() {
        let of_kind = |error: &&Error| format!("{:?}", error.kind()) == name;
        let of_kind: Vec<&Error> = errors.iter().filter(of_kind).collect();
        assert!(!of_kind.is_empty(), "add a sample of {name}");
        let executions = of_kind.iter().map(|error| carried_out(error.execution()));
        let later = of_kind.iter().map(|error| yes_or_no(error.is_retryable()));
        let (executions, later) = (distinct(executions), distinct(later));
        let remedy = remedy(of_kind[0].kind());
        let row = format!("| `{name}` | {meaning} | {executions} | {later} | {remedy} |");
        writeln!(rows, "{row}").unwrap();
    }
    rows
}

fn texts(errors: &[Error]) -> String {
    let mut rows = String::new();
    for error in errors {
        let execution = carried_out(error.execution());
        writeln!(rows, "| `{:?}` | {error} | {execution} |", error.kind()).unwrap();
    }
    rows
}

fn codes() -> String {
    let constants = constants();
    assert_eq!(constants.len(), ErrorCode::DOCUMENTED.len());
    let mut rows = String::new();
    for (constant, code) in constants.iter().zip(ErrorCode::DOCUMENTED) {
        let body = format!(r#"{{"error_code":{code},"error_message":"","error_id":""}}"#);
        let body = ErrorBody::parse(body.as_bytes()).unwrap();
        let error = answered(body, StatusCode::BAD_REQUEST);
        let execution = carried_out(error.execution());
        let later = yes_or_no(code.is_retryable());
        let (name, advice) = (code.name().unwrap(), code.advice().unwrap());
        let row = format!("| {code} | `{constant}` | {name} | {execution} | {later} | {advice} |");
        writeln!(rows, "{row}").unwrap();
    }
    rows
}

/// The errors of a write that failed in this way: two where the status decides whether the failure is
/// temporary.
fn errors(kind: Kind) -> Vec<Error> {
    let error = match kind {
        Kind::Unexpected | Kind::Coded { .. } => {
            let statuses = [StatusCode::FORBIDDEN, StatusCode::BAD_GATEWAY];
            let error = |status| with_status(Error::new(kind.clone()), status);
            return statuses.map(error).into();
        }
        Kind::Api(body) => {
            let temporary = body.code() == Some(ErrorCode::TEMPORARY);
            let status = if temporary { 500 } else { 400 };
            let duplicate = body.code().is_some_and(ErrorCode::is_duplicate);
            let sent = duplicate.then(|| SentId {
                id: crate::RequestId::new("order-7").unwrap(),
                key: TRANSFER.idempotency_key().unwrap(),
            });
            answered(body, StatusCode::from_u16(status).unwrap()).with_request_id(sent)
        }
        Kind::Credential { for_now: false } => Error::no_token("the app is not installed"),
        Kind::Credential { for_now: true } => Error::no_token_for_now("Cobo is unavailable"),
        kind => Error::new(kind),
    };
    vec![error]
}

fn answered(body: ErrorBody, status: StatusCode) -> Error {
    with_status(Error::api(body, true, true), status)
}

fn with_status(error: Error, status: StatusCode) -> Error {
    error.with_response(status, &http::HeaderMap::new())
}

/// The names of the public kinds, with the first paragraph of their docs.
fn documented_kinds() -> Vec<(String, String)> {
    let source = include_str!("mod.rs");
    let (_, kinds) = source.split_once("pub enum ErrorKind {\n").unwrap();
    let (kinds, _) = kinds.split_once("\n}").unwrap();
    let mut found = Vec::new();
    let mut docs = Vec::new();
    for line in kinds.lines().map(str::trim) {
        match line.strip_prefix("///") {
            Some(text) => docs.push(text.trim()),
            None => {
                let meaning = docs.join(" ").replace("[`", "`").replace("`]", "`");
                found.push((line.trim_end_matches(',').to_owned(), meaning));
                docs.clear();
            }
        }
    }
    found
}

/// The names of the constants of the codes, in the order of [`ErrorCode::DOCUMENTED`].
fn constants() -> Vec<&'static str> {
    let source = include_str!("code.rs");
    let (_, codes) = source.split_once("\ncodes! {\n").unwrap();
    let (codes, _) = codes.split_once("\n}\n").unwrap();
    let names = codes.lines().filter_map(|line| line.split_once(" = "));
    let names = names.map(|(name, _)| name.trim());
    names
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .collect()
}

fn distinct(texts: impl Iterator<Item = &'static str>) -> String {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found.join(" or ")
}

fn carried_out(execution: Execution) -> &'static str {
    match execution {
        Execution::NotExecuted => "no",
        Execution::Unknown => "unknown",
        Execution::Executed => "yes",
    }
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

#[test]
fn page_of_errors_matches_the_error_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/errors.md is out of date: run this test with UPDATE=1"
    );
}
