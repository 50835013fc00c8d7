//! An app is killed at random moments while it refreshes, and started again: it has a working token
//! at once, from the store if one was stored, and presents no refresh token twice.
//!
//! `COBO_KILLS` sets the number of kills; `.ci/kills` runs many.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cobo_oauth::{FileStore, TokenStore};
use cobo_sandbox::Sandbox;
use cobo_tests::client;
use cobo_tests::process::Process;
use http::Method;

const KILLS: usize = 20;
const ORGANIZATIONS: usize = 50;
/// Whole seconds are what Cobo can say. In two of them, fifty organizations refresh 31 times a
/// second.
const LIFE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_killed_at_any_moment_goes_on() {
    let kills = std::env::var("COBO_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let sandbox = client::sandbox_of_many(ORGANIZATIONS, LIFE).await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("tokens");

    let (mut used, mut caught) = (0, 0);
    for kill in 0..kills {
        let mut app = start(&dir, &sandbox);
        let chance = Duration::from_millis(getrandom::u32().unwrap() as u64 % 600);
        if kill % 4 == 3 {
            tokio::time::sleep(chance / 4).await; // while it starts
        } else {
            used += started(&mut app);
            tokio::time::sleep(chance).await;
        }
        assert!(app.runs(), "it ended by itself");
        app.kill();
        caught += count_spent(&dir).await;
    }
    used += started(&mut start(&dir, &sandbox));

    let received = sandbox.received();
    let count = |method: Method| {
        let obtained = received
            .iter()
            .filter(|request| request.path() == "/v2/oauth/token" && request.method == method);
        obtained.filter(|request| request.status == 200).count()
    };
    let (issued, refreshed) = (count(Method::GET), count(Method::POST));
    println!(
        "{kills} kills, {refreshed} refreshes, {issued} by get_token; {used} stored tokens used \
         after a start; {caught} refreshes cut off by a kill"
    );
    assert_eq!(sandbox.replayed_refresh_tokens(), 0);
    assert!(used > 0, "something was stored");
    assert!(refreshed > kills, "it was refreshing");
    // Nothing but a refresh that was cut off costs a `get_token`.
    assert!(
        issued <= ORGANIZATIONS * 2 + caught,
        "{issued} by get_token"
    );
}

fn start(dir: &Path, sandbox: &Sandbox) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.arg("keep").arg(dir);
    command.args([sandbox.base_url(), &sandbox.response_public_key()]);
    Process::start(command.arg(ORGANIZATIONS.to_string()))
}

/// Waits until every organization has a token that works. How many of them were stored?
fn started(app: &mut Process) -> usize {
    let line = app.line();
    assert!(!line.is_empty(), "the app did not start");
    line.parse().unwrap()
}

/// How many pairs were being refreshed when the app was killed. Every file is readable.
async fn count_spent(dir: &Path) -> usize {
    let Ok(store) = FileStore::open(dir) else {
        return 0; // killed before it had made the directory
    };
    let mut spent = 0;
    for number in 0..ORGANIZATIONS {
        let pair = store.load(&format!("organization-{number}")).await.unwrap();
        spent += usize::from(pair.is_some_and(|pair| pair.refresh_token.is_none()));
    }
    spent
}
