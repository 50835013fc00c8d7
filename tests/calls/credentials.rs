//! Which access token a call carries, and how a single call can override it.

use cobo_auth::{Client, Error, FixedToken, Operation, Request, RetryPolicy};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::seen::{seen, signed_by_us};
use http::Method;

const OURS: &str = "the-clients-token";
const OTHER: &str = "the-calls-token";
const TOKEN: &str =
    r#"{"access_token":"a","token_type":"Bearer","expires_in":1,"refresh_token":"r"}"#;

async fn server() -> Canned {
    Canned::start([canned::signed("200 OK", TOKEN)]).await
}

/// A client that acts for an organization.
fn acting(server: &Canned) -> Client {
    let client = client::builder(server.environment()).build().unwrap();
    client.with_credential(token(OURS))
}

fn token(text: &str) -> FixedToken {
    FixedToken::new(text).unwrap()
}

/// The access tokens of the requests so far. Also checks that each request is signed.
fn sent(server: &Canned) -> Vec<Option<String>> {
    let token = |bytes: &Vec<u8>| {
        let seen = seen(bytes);
        signed_by_us(&seen);
        let header = seen.headers.get("authorization")?.to_str().unwrap();
        Some(header.strip_prefix("Bearer ").unwrap().to_owned())
    };
    server.received().iter().map(token).collect()
}

/// Calls an operation in the same way as generated code.
async fn execute(client: &Client, operation: &'static Operation) -> Result<(), Error> {
    Request::<()>::of(client, operation).send().await.map(drop)
}

#[tokio::test]
async fn calls_carry_the_client_token_unless_the_operation_needs_none() {
    static PLAIN: Operation = Operation::get("plain", "/organizations/info");
    static SCOPED: Operation = Operation::post("scoped", "/x").needs(&["wallet.read"]);
    static OAUTH: Operation = Operation::get("oauth", "/oauth/token");
    static MARKED: Operation = Operation::get("marked", "/x").without_credential();
    let server = server().await;
    let client = acting(&server);
    for operation in [&PLAIN, &SCOPED, &OAUTH, &MARKED] {
        execute(&client, operation).await.unwrap();
    }
    for path in ["/x", "/oauth2/x", "/oauth/token", "/%6Fauth/token"] {
        client.request(Method::GET, path).send().await.unwrap();
    }
    let ours = Some(OURS.to_owned());
    let expected = [
        ours.clone(),
        ours.clone(),
        None,
        None,
        ours.clone(),
        ours,
        None,
        None,
    ];
    assert_eq!(sent(&server), expected);
    assert_eq!(SCOPED.scopes(), ["wallet.read"]);
}

#[tokio::test]
async fn client_without_a_credential_sends_no_token() {
    static PLAIN: Operation = Operation::get("plain", "/x");
    let server = server().await;
    let client = acting(&server).without_credential();
    execute(&client, &PLAIN).await.unwrap();
    client.request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(sent(&server), [None, None]);
}

#[tokio::test]
async fn raw_call_can_override_the_credential() {
    let server = server().await;
    let client = acting(&server);
    let request = |path| client.request(Method::GET, path);
    request("/x").without_credential().send().await.unwrap();
    request("/x").credential(token(OTHER)).send().await.unwrap();
    let oauth = request("/oauth/token").credential(token(OTHER));
    oauth.send().await.unwrap();
    request("/x").send().await.unwrap();
    let other = Some(OTHER.to_owned());
    let expected = [None, other.clone(), other, Some(OURS.to_owned())];
    assert_eq!(sent(&server), expected);
}

#[tokio::test]
#[expect(deprecated, reason = "it is below `/oauth/` and takes any token")]
async fn generated_call_can_override_the_credential() {
    let server = server().await;
    let client = cobo_oauth::OAuthClient::new(acting(&server));
    let exchange = || {
        let call = client.exchange_permission_token();
        call.exchange_permission_token_request(
            cobo_oauth::models::ExchangePermissionTokenRequest::builder()
                .permission_type("payment_orders_payin"),
        )
    };
    exchange().send().await.unwrap();
    exchange().credential(token(OTHER)).send().await.unwrap();
    let twice = exchange().credential(token(OTHER)).without_credential();
    twice.send().await.unwrap();
    exchange().send().await.unwrap();
    assert_eq!(sent(&server), [None, Some(OTHER.to_owned()), None, None]);
    let shown = format!("{:?}", exchange().credential(token(OTHER)));
    assert!(!shown.contains(OTHER), "{shown}");
}

#[tokio::test]
async fn generated_call_can_set_if_it_is_repeatable() {
    let unavailable = canned::plain("503 Service Unavailable", "", "");
    let requests = async |repeatable: Option<bool>| {
        let ok = canned::signed("200 OK", TOKEN);
        let server = Canned::start([unavailable.clone(), ok]).await;
        let retry = RetryPolicy::standard().base_delay(std::time::Duration::ZERO);
        let client = client::builder(server.environment()).retry(retry);
        let client = cobo_oauth::OAuthClient::new(client.build().unwrap());
        let call = client.refresh_token().refresh_token_request(
            cobo_oauth::models::RefreshTokenRequest::builder()
                .client_id("c")
                .grant_type("refresh_token")
                .refresh_token("r"),
        );
        let call = match repeatable {
            Some(repeatable) => call.repeatable(repeatable),
            None => call,
        };
        let result = call.send().await;
        (result.is_ok(), server.received().len())
    };
    assert_eq!(requests(None).await, (false, 1));
    assert_eq!(requests(Some(true)).await, (true, 2));
    assert_eq!(requests(Some(false)).await, (false, 1));
}
