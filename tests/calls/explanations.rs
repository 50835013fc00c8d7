//! Cobo's explanation of a failure is shown, but no secret of the request is shown with it.

use cobo_auth::{Client, Environment, Error, FixedToken, Secret};
use cobo_oauth::models;
use cobo_tests::seen::{Seen, seen};
use cobo_tests::{canned, client};
use http::Method;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const TOKEN: &str = "hunter2/the+access=token";
const REFRESH: &str = "hunter2\"the\\refresh token";

/// A server whose explanation of each failure contains the request.
async fn echoing(explain: fn(&Seen) -> String) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            while canned::request_length(&bytes).is_none() {
                if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let message = explain(&seen(&bytes));
            let body = serde_json::json!({
                "error_code": 2003, "error_message": message, "error_id": "e-1"
            });
            let answer = canned::signed("400 Bad Request", &body.to_string());
            let _ = stream.write_all(&answer).await;
        }
    });
    let keys = canned::response_keys();
    client::builder(Environment::custom(&base_url, keys).unwrap())
        .build()
        .unwrap()
}

fn header(request: &Seen, name: &str) -> String {
    request.headers[name].to_str().unwrap().to_owned()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Checks that `Debug` hides Cobo's explanation; only `Display` shows it.
fn check_hidden(error: &Error) {
    assert!(!format!("{error:?} {error:#?}").contains("Cobo says"));
}

#[tokio::test]
async fn signed_error_message_is_displayed_without_control_characters() {
    let client = echoing(|_| "`wallet_id`\r\nis\u{1b}[31m missing".to_owned()).await;
    let error = client.request(Method::GET, "/x").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /x: code 2003, parameter missing, error id e-1: Cobo says \"`wallet_id` is [31m \
         missing\"; compare the request with the operation's required parameters (HTTP 400)"
    );
    check_hidden(&error);
}

#[tokio::test]
async fn response_ids_and_error_names_that_contain_a_secret_are_redacted() {
    const TOKEN: &str = "hunter2-the-access-token";
    let api = format!(r#"{{"error_code":2000,"error_message":"m","error_id":"{TOKEN}"}}"#);
    let oauth = format!(r#"{{"error":"{TOKEN}","error_description":"d"}}"#);
    for body in [api, oauth] {
        let headers = format!("x-request-id: id-{TOKEN}\r\n");
        let answer = canned::plain("500 Internal Server Error", &headers, &body);
        let server = canned::Canned::start([answer]).await;
        let client = client::builder(server.environment()).build().unwrap();
        let request = client.request(Method::POST, "/x");
        let request = request.credential(FixedToken::new(TOKEN).unwrap());
        let error = request.send().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert_eq!(error.response_id(), None);
    }
}

#[tokio::test]
async fn secret_split_by_separators_is_redacted_in_error_messages() {
    for explain in [
        |request: &Seen| broken_up(request, " "),
        |request: &Seen| broken_up(request, "\r\n"),
        |request: &Seen| broken_up(request, "\u{200b}"),
    ] {
        let client = echoing(explain).await;
        let request = client.request(Method::GET, "/x");
        let request = request.credential(FixedToken::new(TOKEN).unwrap());
        let text = request.send().await.unwrap_err().to_string();
        assert!(text.contains("***"), "{text}");
        assert!(!text.contains("h u n"), "{text}");
    }
}

/// The bearer token with a separator behind each character.
fn broken_up(request: &Seen, separator: &str) -> String {
    let token = header(request, "authorization")[7..].to_owned();
    token
        .chars()
        .flat_map(|char| [char.to_string(), separator.to_owned()])
        .collect()
}

#[tokio::test]
async fn access_token_key_and_signature_are_redacted_in_error_messages() {
    for explain in [
        |request: &Seen| header(request, "authorization"),
        |request: &Seen| percent(&header(request, "authorization")),
        |request: &Seen| header(request, "authorization")[12..].to_owned(),
        |request: &Seen| header(request, "biz-api-key"),
        |request: &Seen| header(request, "biz-api-key")[20..33].to_uppercase(),
        |request: &Seen| header(request, "biz-api-signature"),
    ] {
        let client = echoing(explain).await;
        let request = client.request(Method::GET, "/x");
        let request = request.credential(FixedToken::new(TOKEN).unwrap());
        let error = request.send().await.unwrap_err();
        let text = error.to_string();
        let (_, said) = text.split_once("Cobo says \"").unwrap();
        let (said, _) = said.split_once("\";").unwrap();
        assert!(said.ends_with("***"), "{said}");
        let before = said.trim_end_matches("***");
        let scheme = [String::new(), "Bearer ".to_owned(), percent("Bearer ")];
        assert!(scheme.contains(&before.to_owned()), "{said}");
        check_hidden(&error);
    }
}

#[tokio::test]
async fn only_secret_fields_of_a_request_body_are_redacted_in_error_messages() {
    #[derive(Serialize)]
    struct Nested {
        wallet: &'static str,
        inside: Vec<Option<Secret>>,
    }

    let client = echoing(|request| String::from_utf8(request.body.clone()).unwrap()).await;
    let oauth = cobo_oauth::OAuthClient::new(client.clone());
    let body = models::RefreshTokenRequest::builder()
        .client_id("app-1")
        .grant_type("refresh_token")
        .refresh_token(REFRESH);
    let generated = oauth
        .refresh_token()
        .refresh_token_request(body)
        .send()
        .await;
    let raw = client
        .request(Method::POST, "/x")
        .json(&Nested {
            wallet: "app-1",
            inside: vec![None, Some(Secret::new(REFRESH))],
        })
        .send()
        .await;
    for error in [generated.unwrap_err(), raw.unwrap_err()] {
        let text = error.to_string();
        assert!(text.contains("\"***\""), "{text}");
        assert!(text.contains("app-1"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        check_hidden(&error);
    }
}
