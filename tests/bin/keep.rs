//! An app that keeps the tokens of many organizations in files, until it is killed.

use std::time::Duration;

use cobo_auth::{Clock, Environment, SystemClock};
use cobo_oauth::{FileStore, OAuthClient, TokenSource, TokenStore};
use cobo_sandbox::DEMO_CLIENT_ID;
use cobo_tests::client;
use http::Method;

/// A stored token with more remaining lifetime than this, in milliseconds, must be used as it is.
const FRESH: u64 = 700;

pub(crate) async fn keep(store: FileStore, environment: Environment, organizations: usize) {
    let auth = client::builder(environment).build().unwrap();
    let tokens = TokenSource::builder(OAuthClient::new(auth.clone()), DEMO_CLIENT_ID);
    let tokens = tokens.store(store.clone()).build();

    let mut starting = Vec::new();
    for org_id in (0..organizations).map(org_id) {
        let (store, auth, tokens) = (store.clone(), auth.clone(), tokens.clone());
        starting.push(tokio::spawn(async move {
            let stored = store.load(&org_id).await.unwrap();
            let fresh = stored.filter(|pair| pair.expires_at > SystemClock.unix_millis() + FRESH);
            let token = tokens.token(&org_id).await.unwrap();
            if let Some(pair) = &fresh {
                assert_eq!(
                    token.generation(),
                    pair.generation,
                    "a stored token is used"
                );
            }
            let client = auth.with_credential(tokens.credential(&org_id));
            let call = client.request(Method::GET, "/organizations/info").send();
            let organization: serde_json::Value = call.await.unwrap().json().unwrap();
            assert_eq!(organization["org_id"], org_id.as_str());
            usize::from(fresh.is_some())
        }));
    }
    let mut stored = 0;
    for start in starting {
        stored += start.await.unwrap();
    }
    println!("{stored}");

    loop {
        for org_id in (0..organizations).map(org_id) {
            tokens.token(&org_id).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn org_id(number: usize) -> String {
    format!("organization-{number}")
}
