//! A call survives a hostile network or fails as it should. The scenarios are data (`faults/*.json`); the server
//! refuses, resets, stalls, truncates and sends wrong data.

use std::collections::{BTreeSet, HashSet};
use std::error::Error as _;
use std::time::Duration;

use cobo_auth::{Client, Error, Execution, FixedToken, HttpOptions, RetryPolicy};
use cobo_sandbox::{AppKey, AppKeys, RequestParts};
use cobo_tests::client;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;

use server::Server;
use step::{Step, Steps};

mod http2;
mod server;
mod step;

/// Part of every secret that a scenario sends or receives.
const MARK: &str = "hunter2";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    #[serde(default)]
    http2: bool,
    operation: Operation,
    policy: Policy,
    /// The timeout of one attempt. The default is long enough for any machine.
    timeout_ms: Option<u64>,
    connect_timeout_ms: Option<u64>,
    max_response_bytes: Option<usize>,
    max_response_age_ms: Option<u64>,
    /// How a successful call before the tested call is served.
    warm_up: Option<Steps>,
    /// The steps for each attempt; the last entry is repeated.
    responses: Vec<Steps>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    repeatable: bool,
    /// Whether the call carries an access token.
    #[serde(default = "yes")]
    bearer: bool,
    /// Whether the body is decoded.
    #[serde(default)]
    decode: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Policy {
    None,
    /// The standard policy without delays.
    Quick,
    /// The quick policy with other limits.
    With(Bounds),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    max_attempts: Option<u32>,
    deadline_ms: Option<u64>,
    max_retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The number of attempts.
    attempts: usize,
    /// The number of requests that the server read; by default the number of attempts.
    arrived: Option<usize>,
    /// `ok` or the kind of the error. Alternatives are separated by `|` where the network decides.
    kind: String,
    /// The predicates of the error that are true, all others being false. Not checked by default.
    is: Option<BTreeSet<String>>,
    /// This and the following values must be absent by default.
    status: Option<u16>,
    code: Option<i64>,
    error_id: Option<String>,
    oauth_error: Option<String>,
    request_id: Option<String>,
    retry_after_s: Option<u64>,
    /// Part of the error's text.
    says: Option<String>,
}

impl Policy {
    fn policy(&self) -> RetryPolicy {
        let quick = RetryPolicy::standard().base_delay(Duration::from_millis(1));
        match self {
            Self::None => RetryPolicy::none(),
            Self::Quick => quick,
            Self::With(bounds) => {
                let mut policy = quick;
                if let Some(attempts) = bounds.max_attempts {
                    policy = policy.max_attempts(attempts);
                }
                if let Some(deadline) = bounds.deadline_ms {
                    policy = policy.deadline(Duration::from_millis(deadline));
                }
                if let Some(longest) = bounds.max_retry_after_ms {
                    policy = policy.max_retry_after(Duration::from_millis(longest));
                }
                policy
            }
        }
    }
}

#[tokio::test]
async fn every_network_fault_scenario_has_the_expected_outcome() {
    let read = |text| serde_json::from_str::<Vec<Scenario>>(text).unwrap();
    let mut scenarios = read(include_str!("faults/scenarios.json"));
    scenarios.extend(read(include_str!("faults/http2.json")));
    let names: HashSet<_> = scenarios.iter().map(|scenario| &scenario.name).collect();
    assert_eq!(names.len(), scenarios.len(), "two scenarios have one name");

    let mut complaints = Vec::new();
    let mut played = 0;
    for scenario in &scenarios {
        if scenario.needs_linux() && !cfg!(target_os = "linux") {
            eprintln!(
                "SKIPPED: {}: only Linux has queues like this",
                scenario.name
            );
            continue;
        }
        played += 1;
        for complaint in scenario.play().await {
            complaints.push(format!("{}: {complaint}", scenario.name));
        }
    }
    assert!(
        complaints.is_empty(),
        "{} of {played} scenarios:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

impl Scenario {
    /// Whether the scenario needs Linux: a full queue drops connections there, but other systems report it to the
    /// client.
    fn needs_linux(&self) -> bool {
        self.responses
            .iter()
            .flatten()
            .any(|step| *step == Step::Ignore)
    }

    /// Plays the scenario, and returns the deviations from what was expected.
    async fn play(&self) -> Vec<String> {
        let plan = self.warm_up.iter().chain(&self.responses).cloned();
        let server = Server::start(plan.collect(), self.http2);
        let client = self.client(&server);
        let warm_up = usize::from(self.warm_up.is_some());
        if warm_up > 0 {
            call(&client, &self.operation).await.unwrap();
            // Give the client time to notice the state of the connection before the next call.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let outcome = call(&client, &self.operation).await;

        let mut found = Findings::default();
        found.equal(
            "attempts",
            server.attempts() - warm_up,
            self.expect.attempts,
        );
        let received = server.received().split_off(warm_up);
        let arrived = self.expect.arrived.unwrap_or(self.expect.attempts);
        found.equal("requests that arrived", received.len(), arrived);
        if server.begun() > server.attempts() {
            found.add("something below the signature has sent a request again");
        }
        check_requests(&server.received(), &mut found);
        if server.elsewhere_was_contacted() {
            found.add("the other origin was contacted");
        }
        match outcome {
            Ok((status, body)) => {
                found.equal("outcome", "ok", &self.expect.kind);
                found.equal("status", Some(status), self.expect.status);
                if Some(&body) != server.last_body().as_ref() {
                    found.add("the body is not the one that was sent");
                }
            }
            Err(error) => self.check_error(&error, &mut found),
        }
        found.0
    }

    fn client(&self, server: &Server) -> Client {
        let timeout = Duration::from_millis(self.timeout_ms.unwrap_or(20_000));
        let connect_timeout = self.connect_timeout_ms.map(Duration::from_millis);
        let mut http = HttpOptions::new()
            .timeout(timeout)
            .connect_timeout(connect_timeout.unwrap_or(timeout * 2));
        if self.http2 {
            // Without TLS, HTTP/2 can only be forced.
            http = http.http2_prior_knowledge();
        }
        let mut builder = Client::builder(server.environment(), server.signer())
            .retry(self.policy.policy())
            .http(http);
        if let Some(bytes) = self.max_response_bytes {
            builder = builder.max_response_bytes(bytes);
        }
        if let Some(age) = self.max_response_age_ms {
            builder = builder.max_response_age(Duration::from_millis(age));
        }
        builder.build().unwrap()
    }

    fn check_error(&self, error: &Error, found: &mut Findings) {
        let expect = &self.expect;
        let kind = format!("{:?}", error.kind());
        if !expect.kind.split('|').any(|expected| expected == kind) {
            found.add(&format!(
                "kind: {kind} instead of {}: {error:?}",
                expect.kind
            ));
        }
        if let Some(expected) = &expect.is {
            let is = [
                ("timeout", error.is_timeout()),
                ("connect", error.is_connect()),
                ("auth", error.is_auth()),
                ("rate_limited", error.is_rate_limited()),
                ("token_expired", error.is_token_expired()),
                ("retryable", error.is_retryable()),
                ("not_executed", error.execution() == Execution::NotExecuted),
                ("executed", error.execution() == Execution::Executed),
            ];
            let is = is.iter().filter(|(_, holds)| *holds);
            let is: BTreeSet<_> = is.map(|(name, _)| (*name).to_owned()).collect();
            found.equal("predicates", &is, expected);
        }
        let status = error.status().map(|status| status.as_u16());
        found.equal("status", status, expect.status);
        let code = error.code().map(cobo_auth::ErrorCode::get);
        found.equal("code", code, expect.code);
        found.equal("error id", error.error_id(), expect.error_id.as_deref());
        let oauth_error = expect.oauth_error.as_deref();
        found.equal("OAuth error", error.oauth_error(), oauth_error);
        let request_id = expect.request_id.as_deref();
        found.equal("X-Request-Id", error.response_id(), request_id);
        let retry_after = expect.retry_after_s.map(Duration::from_secs);
        found.equal("retry after", error.retry_after(), retry_after);
        found.equal("operation", error.operation(), Some("POST /faults"));
        if let Some(says) = &expect.says
            && !error.to_string().contains(says)
        {
            found.add(&format!("does not say `{says}`: {error}"));
        }
        let shown = shown(error);
        for secret in [MARK, client::SEED] {
            if shown.contains(secret) {
                found.add(&format!("a secret is in the error: {shown}"));
            }
        }
    }
}

/// Makes a call with a secret in every possible place. Returns the response's status and body.
async fn call(client: &Client, operation: &Operation) -> Result<(u16, Vec<u8>), Error> {
    let mut request = client
        .request(Method::POST, "/faults")
        .query("code", "hunter2-query")
        .json(serde_json::json!({"password": "hunter2-request"}))
        .repeatable(operation.repeatable);
    if operation.bearer {
        request = request.credential(FixedToken::new("hunter2-bearer").unwrap());
    }
    let response = request.send().await?;
    // A response's `Debug` text shows no content, whether it is decoded or not.
    assert!(!format!("{response:?}").contains(MARK));
    if operation.decode {
        response.json::<serde_json::Value>()?;
    }
    Ok((response.status().as_u16(), response.to_vec()))
}

/// Everything that an error and its sources can print.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error}\n{error:?}\n{error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        shown += &format!("\n{cause}\n{cause:?}\n{cause:#?}");
        source = cause.source();
    }
    shown
}

/// Checks that every request has a valid signature over the received bytes, and a unique nonce.
fn check_requests(received: &[Vec<u8>], found: &mut Findings) {
    let keys: AppKeys = [AppKey::from_hex(cobo_sandbox::DEMO_APP_KEY).unwrap()]
        .into_iter()
        .collect();
    let mut nonces = HashSet::new();
    let mut signatures = HashSet::new();
    for bytes in received {
        let request = Request::parse(bytes);
        let parts = RequestParts {
            method: &request.method,
            target: &request.target,
            headers: &request.headers,
            body: &request.body,
        };
        let nonce = match cobo_sandbox::check(&parts, &keys) {
            Ok(signed) => signed.nonce,
            Err(refusal) => return found.add(&format!("a request is refused: {refusal}")),
        };
        if !nonces.insert(nonce) {
            found.add("a nonce was used again");
        }
        if !signatures.insert(request.headers["biz-api-signature"].clone()) {
            found.add("a signature was used again");
        }
        if !request.body.ends_with(b"hunter2-request\"}") {
            found.add("a request arrived without its body");
        }
    }
}

/// A request as received, parsed independently of the client's libraries.
struct Request {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let mut start = lines.next().unwrap().split(' ');
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        Self {
            method: start.next().unwrap().to_owned(),
            target: start.next().unwrap().to_owned(),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }
}

/// The deviations from what was expected.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, what: &str) {
        self.0.push(what.to_owned());
    }

    fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
        &mut self,
        what: &str,
        got: T,
        expected: U,
    ) {
        if got != expected {
            self.add(&format!("{what}: {got:?} instead of {expected:?}"));
        }
    }
}
