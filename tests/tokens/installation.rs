//! The extractor for installation callbacks, in an axum server.

use axum::routing::post;
use cobo_axum::InstallationCallback;
use cobo_oauth::{Approval, OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_tests::client;
use tokio::sync::mpsc;

/// A server with this token source. Returns its URL, and what its handler reports.
async fn serve(tokens: TokenSource) -> (String, mpsc::UnboundedReceiver<(String, Approval)>) {
    let (seen, handled) = mpsc::unbounded_channel();
    let handler = async move |InstallationCallback(outcome): InstallationCallback| {
        assert!(outcome.is_confirmed());
        let installation = outcome.installation();
        let reported = (installation.org_id().to_owned(), installation.approval());
        seen.send(reported).unwrap();
        "ok"
    };
    let app = axum::Router::new().route("/installed", post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/installed", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app.with_state(tokens)).await });
    (url, handled)
}

async fn call(url: &str, query: &str) -> (u16, String) {
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy();
    let request = http.build().unwrap().post(format!("{url}?{query}"));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn answer(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn installation_callback_reaches_the_handler_after_cobo_issued_a_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let (url, mut handled) = serve(tokens.clone()).await;
    let query = format!("approval_result=1&org_id={DEMO_ORG_ID}");
    assert_eq!(call(&url, &query).await, answer(200, "ok"));
    let installed = (DEMO_ORG_ID.to_owned(), Approval::Installed);
    assert_eq!(handled.recv().await.unwrap(), installed);
    let requests = sandbox.received().len();
    assert!(requests > 0, "a token was requested");
    tokens.token(DEMO_ORG_ID).await.unwrap();
    assert_eq!(sandbox.received().len(), requests, "the token is kept");
}

#[tokio::test]
async fn forged_installation_callback_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let tokens = client::tokens(&sandbox);
    let token = tokens.token(DEMO_ORG_ID).await.unwrap();
    let requests = sandbox.received().len();
    let (url, mut handled) = serve(tokens.clone()).await;
    let malformed = answer(400, "malformed installation callback");
    for query in [
        "",
        "approval_result=1",
        "approval_result=3&org_id=a",
        "approval_result=1&org_id=a&org_id=b",
    ] {
        assert_eq!(call(&url, query).await, malformed, "{query}");
    }
    assert_eq!(sandbox.received().len(), requests);

    let stranger = "approval_result=1&org_id=00000000-0000-0000-0000-000000000000";
    let refused = answer(403, "not confirmed by Cobo");
    assert_eq!(call(&url, stranger).await, refused);
    let same = tokens.token(DEMO_ORG_ID).await.unwrap();
    assert_eq!(same.generation(), token.generation());
    assert!(handled.try_recv().is_err());
}

#[tokio::test]
async fn installation_callback_is_answered_with_503_while_cobo_cannot_be_reached() {
    let sandbox = Sandbox::start().await.unwrap();
    let port = cobo_tests::redis::free_port(); // that no server listens on
    let nowhere = format!("http://127.0.0.1:{port}");
    let environment = client::environment_of(&nowhere, &sandbox.response_public_key());
    let oauth = OAuthClient::new(client::builder(environment).build().unwrap());
    let (url, mut handled) = serve(TokenSource::new(oauth, sandbox.client_id())).await;
    let query = format!("approval_result=1&org_id={DEMO_ORG_ID}");
    assert_eq!(call(&url, &query).await, answer(503, "try again later"));
    assert!(handled.try_recv().is_err());
}
