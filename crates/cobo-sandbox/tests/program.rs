//! The program: one line of JSON when it is ready, clear refusals, a clean end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use cobo_sandbox::{DEMO_APP_KEY, DEMO_APP_SECRET, DEMO_CLIENT_ID, DEMO_ORG_ID};
use reqwest::Method;
use serde_json::{Value, json};
use support::*;

fn program(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cobo-sandbox"));
    command.args(flags).env_remove("RUST_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A program that runs; killed when a test fails before it has stopped it.
struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    ready: Value,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        Self::spawn(program(flags))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self {
            child,
            stdout,
            ready,
        }
    }

    /// Sends a signal, and gives what it logged.
    fn stop(mut self, signal: &str) -> String {
        let kill = format!("kill -{signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0));

        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line, and no more");
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(flags: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = program(flags).output().unwrap();
    assert_eq!(status.code(), Some(2), "{flags:?}");
    assert!(stdout.is_empty());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn program_prints_its_base_url_responds_and_stops_on_sigterm() {
    let running = Running::start(&[]);
    let ready = running.ready.as_object().unwrap();
    let base_url = ready["base_url"].as_str().unwrap();
    assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");
    assert!(base_url.ends_with("/v2"), "{base_url}");
    assert_eq!(ready["client_id"], DEMO_CLIENT_ID);
    assert_eq!(ready["org_ids"], json!([DEMO_ORG_ID]));
    assert_eq!(ready["app_keys"], json!([DEMO_APP_KEY]));
    assert_eq!(ready["app_secret"], DEMO_APP_SECRET);
    assert_eq!(ready["response_public_key"].as_str().unwrap().len(), 64);
    assert_eq!(ready.len(), 6);

    let origin = base_url.strip_suffix("/v2").unwrap();
    let target = format!("{TOKEN}?client_id=hidden");
    let answer = Call::unsigned(Method::GET, &target, "")
        .send_to(origin)
        .await;
    answer.assert_api_error(401, 2024);
    answer.assert_signed_by(ready["response_public_key"].as_str().unwrap());

    let log = running.stop("TERM");
    assert!(log.contains("/v2/oauth/token"), "{log}");
    assert!(!log.contains("hidden"), "{log}");
}

#[tokio::test]
async fn logs_carry_no_token_signature_or_body_at_any_level() {
    let mut command = program(&[]);
    command.env("RUST_LOG", "trace");
    let running = Running::spawn(command);
    let base_url = running.ready["base_url"].as_str().unwrap();
    let origin = base_url.strip_suffix("/v2").unwrap();

    let got = Call::get(&token_target(DEMO_CLIENT_ID, DEMO_ORG_ID, "org_implicit"));
    let mut secrets = vec![
        got.headers["biz-api-signature"]
            .to_str()
            .unwrap()
            .to_owned(),
    ];
    let answer = got.send_to(origin).await;
    answer.assert_ok(200);
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    let info = Call::get(INFO).bearer(&access).send_to(origin).await;
    info.assert_ok(200);
    let refreshed = Call::post(TOKEN, &refresh_body(&refresh))
        .send_to(origin)
        .await;
    refreshed.assert_ok(200);
    let broken = Call::unsigned(Method::POST, TOKEN, r#"{"in-the-body":1,"in-the-body":1}"#);
    let broken = broken.sign(&demo_key()).send_to(origin).await;
    broken.assert_oauth_error(400, "invalid_request", "in-the-body");

    secrets.extend([
        access,
        refresh,
        refreshed.text("access_token"),
        "in-the-body".to_owned(),
    ]);
    let log = running.stop("TERM");
    assert!(log.contains("invalid_request"), "{log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{log}");
    }
}

#[test]
fn program_stops_on_sigint() {
    Running::start(&[]).stop("INT");
}

#[test]
fn flags_set_app_keys_client_id_organizations_and_lifetimes() {
    let running = Running::start(&[
        "--app-key",
        DEMO_APP_KEY,
        "--client-id",
        "app",
        "--org-id",
        "one",
        "--org-id",
        "two",
        "--access-ttl",
        "60",
        "--refresh-ttl",
        "120",
        "--listen",
        "127.0.0.1:0",
    ]);
    let ready = &running.ready;
    assert_eq!(ready["client_id"], "app");
    assert_eq!(ready["org_ids"], json!(["one", "two"]));
    assert_eq!(ready["app_keys"], json!([DEMO_APP_KEY]));
    assert_eq!(ready["app_secret"], Value::Null);
    running.stop("TERM");
}

#[tokio::test]
async fn flags_set_organization_keys_and_accepted_nonces() {
    let key = hex::encode(key(&"01".repeat(32)).verifying_key().as_bytes());
    let org_key = format!("{key}=an organization=with a key");
    let running = Running::start(&["--org-key", &org_key, "--accept-nonces", "milliseconds"]);
    let base_url = running.ready["base_url"].as_str().unwrap();
    let origin = base_url.strip_suffix("/v2").unwrap();
    let call = |nonce: &str| {
        let call = Call::unsigned(Method::GET, INFO, "");
        call.sign_with_nonce(&support::key(&"01".repeat(32)), nonce)
    };
    let answer = call("1700000000000").send_to(origin).await;
    let org_id = answer.assert_ok(200).text("org_id");
    assert_eq!(org_id, "an organization=with a key");
    let random = call(&"0a".repeat(16)).send_to(origin).await;
    random.assert_api_error(401, 2024);
    running.stop("TERM");
}

#[test]
fn non_loopback_address_without_allow_remote_flag_is_refused() {
    let message = refused(&["--listen", "0.0.0.0:0"]);
    assert!(message.contains("--listen"), "{message}");
    assert!(message.contains("--allow-remote"), "{message}");
    Running::start(&["--listen", "0.0.0.0:0", "--allow-remote"]).stop("TERM");
}

#[test]
fn error_for_an_invalid_flag_names_the_flag() {
    for flags in [
        ["--listen", "somewhere"],
        ["--app-key", "abc"],
        ["--org-key", "abc"],
        ["--org-key", "abc=org"],
        ["--accept-nonces", "some"],
        ["--client-id", ""],
        ["--org-id", ""],
        ["--access-ttl", "0"],
        ["--access-ttl", "soon"],
        ["--refresh-ttl", "-1"],
        ["--spec", "nowhere.yaml"],
        ["--spec", "Cargo.toml"],
    ] {
        let message = refused(&flags);
        assert!(message.contains(flags[0]), "{message}");
    }
    let message = refused(&["--unknown"]);
    assert!(message.contains("--unknown"), "{message}");
}

#[test]
fn invalid_key_flag_value_is_not_shown_in_the_error() {
    // It may be a private key.
    let not_a_point = format!("02{}", "0".repeat(62));
    let with_org = format!("{not_a_point}=org");
    let without_org = format!("{not_a_point}=");
    for (flag, value) in [
        ("--app-key", &not_a_point),
        ("--org-key", &not_a_point),
        ("--org-key", &with_org),
        ("--org-key", &without_org),
    ] {
        let message = refused(&[flag, value]);
        assert!(message.contains(flag), "{message}");
        assert!(!message.contains(&not_a_point), "{message}");
    }
}

#[test]
fn program_with_an_address_in_use_exits_1_and_names_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = program(&["--listen", &address]);
    let output = command.env("RUST_LOG", "off").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&address), "{message}");
}

#[tokio::test]
async fn program_with_spec_only_serves_only_documented_operations() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/specification.yaml");
    let running = Running::start(&["--spec", document, "--spec-only"]);
    let base_url = running.ready["base_url"].as_str().unwrap();
    let origin = base_url.strip_suffix("/v2").unwrap();
    let list = || Call::get("/v2/wallets");
    list().send_to(origin).await.assert_api_error(401, 2024);
    let answer = list().bearer("any").send_to(origin).await;
    assert!(answer.assert_ok(200).json()["data"].is_array());
    // The sandbox's own endpoints are left out.
    Call::get(INFO)
        .send_to(origin)
        .await
        .assert_api_error(404, 2021);
    let log = running.stop("TERM");
    assert!(log.contains("path=\"/v2/wallets\""), "{log}");
}
