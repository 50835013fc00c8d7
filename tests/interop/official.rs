//! Cobo's own SDKs against the sandbox: installed from their registries and run in their own languages.
//!
//! pip and npm install them once, into the target directory. Without these tools or the network, a test is skipped with
//! a message on stderr; if the environment variable `CI` is set, it fails.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cobo_sandbox::{DEMO_APP_KEY, DEMO_APP_SECRET, DEMO_ORG_ID, Sandbox};
use http::Method;
use serde_json::{Value, json};

const PYTHON_VERSION: &str = "1.46.0";
const JAVASCRIPT_VERSION: &str = "1.8.0";

/// The lifetime in seconds of an organization's token, and of a permission's token.
const ORG: u64 = 43_199;
const PERMISSION: u64 = 3_600;

// The test's thread blocks while a script runs, so the sandbox needs other threads.
#[tokio::test(flavor = "multi_thread")]
async fn official_python_sdk_works_with_the_sandbox() {
    let Some(python) = or_skip("Python", install_python()) else {
        return;
    };
    let sandbox = Sandbox::start().await.unwrap();
    let mut command = Command::new(python);
    // `-I`: only use packages of the virtual environment.
    command.args([
        "-I",
        concat!(env!("CARGO_MANIFEST_DIR"), "/interop/official/python.py"),
    ]);
    let lines = run_script(&mut command, &sandbox);

    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_pair(&lines[0], "get_token", ORG);
    assert_pair(&lines[1], "refresh_token", ORG);
    assert_eq!(
        lines[2],
        json!({ "operation": "get_org_info", "org_id": DEMO_ORG_ID })
    );
    assert_pair(&lines[3], "exchange_permission_token", PERMISSION);
    assert_pair(&lines[4], "refresh_permission_token", PERMISSION);
    // The SDK expects another key than the sandbox's. The sandbox still accepted and answered this call, see below.
    let refused = json!({ "operation": "get_token", "error": "Invalid resp signature" });
    assert_eq!(lines[5], refused);

    assert_received(
        &sandbox,
        &format!("cobo-waas2-python-sdk/{PYTHON_VERSION}"),
        &[
            (Method::GET, "/v2/oauth/token", 200),
            (Method::POST, "/v2/oauth/token", 200),
            (Method::GET, "/v2/organizations/info", 200),
            (Method::POST, "/v2/oauth/permission_token/exchange", 201),
            (Method::POST, "/v2/oauth/permission_token/refresh", 201),
            (Method::GET, "/v2/oauth/token", 200),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn official_javascript_sdk_works_with_the_sandbox() {
    let Some(modules) = or_skip("JavaScript", install_javascript()) else {
        return;
    };
    let sandbox = Sandbox::start().await.unwrap();
    let mut command = Command::new("node");
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/interop/official/javascript.js"
    ));
    command.env("NODE_PATH", modules);
    let lines = run_script(&mut command, &sandbox);

    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_pair(&lines[0], "get_token", ORG);
    assert_pair(&lines[1], "refresh_token", ORG);
    let absent = [
        "exchange_permission_token",
        "refresh_permission_token",
        "get_org_info",
    ];
    for (line, operation) in lines[2..].iter().zip(absent) {
        assert_eq!(*line, json!({ "operation": operation, "absent": true }));
    }
    tell(&format!(
        "the JavaScript SDK {JAVASCRIPT_VERSION} lacks {}",
        absent.join(", ")
    ));

    assert_received(
        &sandbox,
        &format!("cobo-waas2-js-sdk/{JAVASCRIPT_VERSION}"),
        &[
            (Method::GET, "/v2/oauth/token", 200),
            (Method::POST, "/v2/oauth/token", 200),
        ],
    );
}

/// Asserts that the call returned a pair of tokens.
fn assert_pair(line: &Value, operation: &str, expires_in: u64) {
    assert_eq!(line["operation"], operation, "{line}");
    assert_eq!(line["token_type"], "Bearer", "{line}");
    assert_eq!(line["expires_in"], expires_in, "{line}");
    assert!(line["access_token_length"].as_u64() >= Some(32), "{line}");
    assert!(line["refresh_token_length"].as_u64() >= Some(32), "{line}");
}

/// Asserts that the sandbox received exactly these requests from this SDK, and accepted the demo key's signatures.
fn assert_received(sandbox: &Sandbox, user_agent: &str, expected: &[(Method, &str, u16)]) {
    let received = sandbox.received();
    for request in &received {
        assert!(request.accepted, "{request:?}");
        assert_eq!(request.headers["biz-api-key"], DEMO_APP_KEY);
        assert_eq!(request.headers["user-agent"], user_agent);
    }
    let received: Vec<_> = received
        .iter()
        .map(|request| {
            (
                request.method.clone(),
                request.path(),
                request.status.as_u16(),
            )
        })
        .collect();
    assert_eq!(received, expected);
}

/// Runs a script against the sandbox, and returns the JSON lines that it printed.
fn run_script(command: &mut Command, sandbox: &Sandbox) -> Vec<Value> {
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
        .envs([("NO_PROXY", "*"), ("no_proxy", "*")])
        .env("COBO_BASE_URL", sandbox.base_url())
        .env("COBO_APP_SECRET", DEMO_APP_SECRET)
        .env("COBO_CLIENT_ID", sandbox.client_id())
        .env("COBO_ORG_ID", DEMO_ORG_ID)
        .env("COBO_RESPONSE_PUBLIC_KEY", sandbox.response_public_key())
        // Inherited, so that a traceback stays readable.
        .stderr(Stdio::inherit());
    let printed = run(command).unwrap();
    printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Creates a virtual environment with the SDK, and returns the path of its interpreter.
pub(crate) fn install_python() -> Result<PathBuf, String> {
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    // A virtual environment works only with the interpreter that created it.
    let interpreter = run(Command::new("python3").arg("--version"))?;
    let interpreter = interpreter.trim().replace(' ', "-");
    install(&format!("{interpreter}-sdk-{PYTHON_VERSION}"), |folder| {
        let python = folder.join(bin).join("python");
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            // Only install packages that run no code during installation.
            .arg("--only-binary=:all:")
            .arg(format!("cobo-waas2=={PYTHON_VERSION}")))
    })
    .map(|folder| folder.join(bin).join("python"))
}

/// Creates a folder with the SDK, and returns the path of its modules.
fn install_javascript() -> Result<PathBuf, String> {
    // Node is not part of the installation, so it is checked on every run.
    run(Command::new("node").arg("--version"))?;
    install(&format!("JavaScript-sdk-{JAVASCRIPT_VERSION}"), |folder| {
        fs::create_dir(folder).unwrap();
        // Without this file npm would look for a project in the parent folders.
        fs::write(folder.join("package.json"), r#"{ "private": true }"#).unwrap();
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg(format!("@cobo/cobo-waas2@{JAVASCRIPT_VERSION}"))
            .current_dir(folder))
    })
    .map(|folder| folder.join("node_modules"))
}

/// Fills a folder in the target directory unless an earlier run did. Concurrent runs wait for each other.
fn install(
    name: &str,
    fill: impl FnOnce(&Path) -> Result<String, String>,
) -> Result<PathBuf, String> {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("official");
    fs::create_dir_all(&parent).unwrap();
    let lock = File::create(parent.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();

    let (folder, done) = (parent.join(name), parent.join(format!("{name}.done")));
    if !done.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fill(&folder)?;
        fs::write(done, "").unwrap();
    }
    Ok(folder)
}

/// The output of the command, or the reason why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{program}: {}\n{}",
            output.status,
            printed.trim_end()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The installed SDK. Without one, prints a message and returns `None`, or fails in CI.
pub(crate) fn or_skip<T>(sdk: &str, installed: Result<T, String>) -> Option<T> {
    installed
        .inspect_err(|why| {
            assert!(std::env::var_os("CI").is_none(), "no {sdk} SDK: {why}");
            tell(&format!("SKIPPED: no {sdk} SDK to test with: {why}"));
        })
        .ok()
}

/// `eprintln` is not used, because its output is hidden if the test passes.
fn tell(text: &str) {
    let line = format!("{text}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
