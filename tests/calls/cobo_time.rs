//! The time that verified responses tell, and which responses it refuses.

use std::sync::atomic::Ordering;

use cobo_auth::{ErrorKind, Execution};
use cobo_tests::canned::{self, Canned};
use http::Method;

use super::outcomes::world::{START, World, done, limited};

#[tokio::test]
async fn response_over_fifteen_minutes_older_than_the_newest_is_rejected() {
    const LIMIT: i64 = 15 * 60_000;
    let world = World::new();
    assert!(world.write([done(&world, 0)]).await.0.is_ok());
    assert!(world.write([done(&world, -LIMIT)]).await.0.is_ok());
    for answer in [done(&world, -LIMIT - 1), limited(&world, -LIMIT - 1)] {
        let (result, requests) = world.write([answer]).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unverified);
        assert_eq!(error.execution(), Execution::Unknown);
        assert_eq!(requests, 1);
        let text = error.to_string();
        assert!(text.contains("more than 15 minutes before"), "{text}");
        assert!(text.contains("may have been carried out"), "{text}");
    }
}

#[tokio::test]
async fn jump_of_the_local_clock_does_not_reject_responses() {
    let world = World::new();
    assert!(world.write([done(&world, 0)]).await.0.is_ok());
    // The local clock jumps, as when a machine wakes up or a test moves it. Cobo's time does not
    // change.
    world.clock.pass(365 * 24 * 60 * 60 * 1_000);
    assert!(world.write([done(&world, 1)]).await.0.is_ok());
    world.clock.unix.store(0, Ordering::SeqCst);
    assert!(world.write([done(&world, 2)]).await.0.is_ok());
}

#[tokio::test]
async fn cobo_time_is_the_newest_verified_timestamp_plus_elapsed_time() {
    let world = World::new();
    let server = Canned::start([
        done(&world, 5_000),
        done(&world, 0),
        canned::plain("200 OK", "biz-timestamp: 9999999999999\r\n", "{}"),
        limited(&world, 9_000),
    ])
    .await;
    let client = world.client(&server);
    let other = World::new().client(&server);
    assert_eq!(client.cobo_time_millis(), None);
    let call = || client.request(Method::POST, "/x").send();
    call().await.unwrap();
    assert_eq!(client.cobo_time_millis(), Some(START + 5_000));
    world.clock.pass(1_000);
    assert_eq!(client.cobo_time_millis(), Some(START + 6_000));
    // An older response, and an unsigned one.
    call().await.unwrap();
    assert!(call().await.is_err());
    assert_eq!(client.cobo_time_millis(), Some(START + 6_000));
    assert!(call().await.is_err());
    assert_eq!(client.cobo_time_millis(), Some(START + 9_000));
    assert_eq!(
        world.client(&server).cobo_time_millis(),
        Some(START + 9_000)
    );
    assert_eq!(other.cobo_time_millis(), None);
}
