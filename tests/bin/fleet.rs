//! One process of a fleet. It uses the tokens of many organizations, which are stored in Redis, and prints errors.

use std::time::Duration;

use cobo_auth::Environment;
use cobo_oauth::{OAuthClient, RedisStore, TokenSource};
use cobo_sandbox::DEMO_CLIENT_ID;
use cobo_tests::client;
use http::Method;

/// The interval between two requests for an organization's token.
const EVERY: Duration = Duration::from_millis(50);
/// Every `USED`th token is also used for a call.
const USED: usize = 20;

/// Starts the organizations one after the other, evenly spread over `span`.
pub(crate) async fn fleet(
    redis: &str,
    environment: Environment,
    organizations: usize,
    span: Duration,
) {
    let auth = client::builder(environment).build().unwrap();
    let tokens = TokenSource::builder(OAuthClient::new(auth.clone()), DEMO_CLIENT_ID);
    let tokens = tokens.store(RedisStore::connect(redis).unwrap()).build();
    let mut tasks = Vec::new();
    for number in 0..organizations {
        let org_id = format!("organization-{number}");
        let (tokens, auth) = (tokens.clone(), auth.clone());
        let first = span * u32::try_from(number).unwrap() / u32::try_from(organizations).unwrap();
        tasks.push(tokio::spawn(async move {
            tokio::time::sleep(first).await;
            let client = auth.with_credential(tokens.credential(&org_id));
            for round in 0_usize.. {
                if let Err(error) = tokens.token(&org_id).await {
                    println!("no token: {error:?}");
                }
                if round.is_multiple_of(USED) {
                    let call = client.request(Method::GET, "/organizations/info").send();
                    if let Err(error) = call.await {
                        println!("a call failed: {error:?}");
                    }
                }
                tokio::time::sleep(EVERY).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
