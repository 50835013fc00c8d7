//! One of several processes that share a key. It makes calls one after the other, and prints how many were refused
//! because of their nonce.

use std::io::Read;

use cobo_auth::{Client, ErrorCode, FixedToken};
use cobo_oauth::TokenSource;
use cobo_sandbox::{DEMO_CLIENT_ID, DEMO_ORG_ID};
use http::Method;

/// If this is given instead of an access token, the process obtains its own tokens.
const SOURCE: &str = "source";

pub(crate) async fn share(client: Client, token: &str, calls: usize) {
    let client = if token == SOURCE {
        let tokens = TokenSource::new(cobo_oauth::OAuthClient::new(client.clone()), DEMO_CLIENT_ID);
        client.with_credential(tokens.credential(DEMO_ORG_ID))
    } else {
        client.with_credential(FixedToken::new(token).unwrap())
    };
    println!("ready");
    // All processes start when the test closes their standard input.
    let wait = || std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    tokio::task::spawn_blocking(wait).await.unwrap();

    let mut refused = 0;
    for _ in 0..calls {
        match client
            .request(Method::GET, "/organizations/info")
            .send()
            .await
        {
            Ok(_) => {}
            Err(error) if error.code() == Some(ErrorCode::AUTHENTICATION) => refused += 1,
            Err(error) => panic!("a call failed: {error:?}"),
        }
    }
    println!("{refused}");
}
