//! An app is killed at random moments while it refreshes, and restarted. It then has a working token at once, from the
//! store if one was stored, and never sends a refresh token twice.
//!
//! `COBO_KILLS` sets the number of kills, for plain files and again for encrypted ones; `.ci/kills` runs many.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic fails the test; it prints figures

use std::process::Command;
use std::time::Duration;

use cobo_oauth::TokenStore;
use cobo_sandbox::Sandbox;
use cobo_tests::client;
use cobo_tests::directory::{Files, directory};
use cobo_tests::process::Process;
use http::Method;
use tempfile::TempDir;

const KILLS: usize = 20;
const ORGANIZATIONS: usize = 50;
/// Cobo gives lifetimes in whole seconds. With two seconds, fifty organizations refresh 31 times a second.
const LIFE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_killed_at_any_moment_works_after_restart() {
    let kills = std::env::var("COBO_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    for files in [Files::Plain, Files::Sealed] {
        let mut app = App::new(files).await;
        for kill in 0..kills {
            let chance = Duration::from_millis(getrandom::u32().unwrap() as u64 % 600);
            let while_it_starts = kill % 4 == 3;
            app.kill_after(chance, while_it_starts).await;
        }
        app.assert_whole();
    }
}

/// An app that is restarted repeatedly, with its tokens.
struct App {
    files: Files,
    dir: TempDir,
    sandbox: Sandbox,
    kills: usize,
    /// The stored tokens that were used after a start.
    used: usize,
    /// The refreshes that a kill interrupted.
    caught: usize,
}

impl App {
    async fn new(files: Files) -> Self {
        Self {
            files,
            dir: directory(),
            sandbox: client::sandbox_of_many(ORGANIZATIONS, LIFE).await,
            kills: 0,
            used: 0,
            caught: 0,
        }
    }

    fn start(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command
            .args(["keep", self.files.name()])
            .arg(self.dir.path());
        command.args([self.sandbox.base_url(), &self.sandbox.response_public_key()]);
        Process::start(command.arg(ORGANIZATIONS.to_string()))
    }

    async fn kill_after(&mut self, chance: Duration, while_it_starts: bool) {
        let mut process = self.start();
        if while_it_starts {
            tokio::time::sleep(chance / 4).await;
        } else {
            self.used += started(&mut process);
            tokio::time::sleep(chance).await;
        }
        assert!(process.runs(), "it ended by itself");
        process.kill();
        self.kills += 1;
        self.caught += self.count_spent().await;
    }

    /// The number of pairs that were being refreshed at the kill. Also checks that every file is readable.
    async fn count_spent(&self) -> usize {
        let store = self.files.open(self.dir.path()).unwrap();
        let mut spent = 0;
        for number in 0..ORGANIZATIONS {
            let pair = store.load(&format!("organization-{number}")).await.unwrap();
            spent += usize::from(pair.is_some_and(|pair| pair.refresh_token.is_none()));
        }
        spent
    }

    fn assert_whole(mut self) {
        self.used += started(&mut self.start());
        let Self {
            files,
            sandbox,
            kills,
            used,
            caught,
            ..
        } = self;
        let received = sandbox.received();
        let count = |method: Method| {
            let obtained = received
                .iter()
                .filter(|request| request.path() == "/v2/oauth/token" && request.method == method);
            obtained.filter(|request| request.status == 200).count()
        };
        let (issued, refreshed) = (count(Method::GET), count(Method::POST));
        println!(
            "{kills} kills, {files:?} files: {refreshed} refreshes, {issued} by get_token; {used} \
             stored tokens used after a start; {caught} refreshes cut off by a kill"
        );
        assert_eq!(sandbox.replayed_refresh_tokens(), 0);
        assert!(used > 0, "something was stored");
        assert!(refreshed > kills, "it was refreshing");
        // Only an interrupted refresh may cost a `get_token`.
        assert!(
            issued <= ORGANIZATIONS * 2 + caught,
            "{issued} by get_token"
        );
    }
}

/// Waits until every organization has a working token. Returns how many of these were stored ones.
fn started(process: &mut Process) -> usize {
    let line = process.line();
    assert!(!line.is_empty(), "the app did not start");
    line.parse().unwrap()
}
