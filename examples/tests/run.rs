//! Runs every example program, and checks that it succeeds and prints its main line. Checks that the
//! code of the guide's pages is the code of the programs.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a program without settings, and returns what it printed.
fn run(program: &str) -> String {
    let mut command = Command::new(program);
    // The variables that make a program talk to something other than its sandbox.
    for variable in ["COBO_ENV", "COBO_APP_SECRET", "COBO_REDIS", "RUST_LOG"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    printed
}

/// Tests that each program prints its line.
macro_rules! programs {
    ($($name:ident: $line:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let printed = run(env!(concat!("CARGO_BIN_EXE_", stringify!($name))));
                assert!(printed.contains($line), "{printed}");
            }
        )*
    };
}

programs! {
    approver: "1. 99.99: Completed\n2. 100.000000000000000001: Rejected\n3. 1: Rejected\n";
    connections: "2. got a token over TLS, with a certificate authority of our own\n3. got a token over TLS, through the proxy";
    layers: "2. calls that the layers saw: 1, requests that were sent: 2";
    mpc: "5. not signed: Failed: a signer refused";
    payments: "5. refund: Completed";
    statement: ",sum,Withdrawal,ETH,12345678.500000000000000001\n,sum,Withdrawal,ETH_USDT,0.30\n";
    keys: "2. signed with the key of the file: 200";
    opentelemetry: "daily report\n  list_wallets\n    get_token\n      GET /oauth/token attempt=1 http.response.status_code=200\n    GET /wallets attempt=1 http.response.status_code=503 error.type=api status=Error\n    GET /wallets attempt=2 http.response.status_code=200\n";
    organization: "3. called as organization ";
    portal_app: "called for each after a restart: [";
    quickstart: "4. called the API with the new one: organization ";
    retries: "5. after a restart: an earlier call may have been carried out: look the request_id up";
    stores: "encrypted files: requests for a token, by two processes: 1";
    treasury: "4. sent before: 00000000-0000-4000-8000-000000000003\n4. the lookup failed: Some(Unknown)\n5. final state: Completed\n";
    telemetry: "cobo_calls_total{operation=raw,outcome=success} 1";
    testing: "3 tests passed";
    user_info: "5. no token: 401 no token\n6. requests for the keys: 1\n";
    waiting: "1. paid: Completed\n2. not paid: Failed: a signer refused\n3. not known yet: PendingSignature\n4. paid: Completed\n";
    webhook_receiver: "4. a forged one: 401 wrong signature\n5. handled in all: 1";
    webhook_server: "2. Confirming is older than the state that is known\n3. the callback: ok\n4. stopped";
    remote_signer: "a request that it signed was answered with 200";
}

/// The lines of a text without indentation and without empty lines.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

/// The Rust code of a page.
fn code_blocks(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```rust\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default())
}

#[test]
fn every_program_is_run_and_has_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let index = fs::read_to_string(root.join("../docs/guide/README.md")).unwrap();
    let this = include_str!("run.rs");
    for entry in fs::read_dir(root.join("src/bin")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(this.contains(&format!("    {name}: ")), "run {name} here");
        assert!(index.contains(&format!("`{name}`")), "no page has {name}");
    }
}

#[test]
fn page_about_opentelemetry_shows_what_its_program_prints() {
    let printed = run(env!("CARGO_BIN_EXE_opentelemetry"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/guide/opentelemetry.md")).unwrap();
    assert!(
        page.contains(&format!("```text\n{printed}```\n")),
        "{printed}"
    );
}

#[test]
fn index_of_the_guide_links_to_every_page() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide");
    let index = fs::read_to_string(guide.join("README.md")).unwrap();
    for entry in fs::read_dir(guide).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let listed = name == "README.md" || index.contains(&format!("]({name})"));
        assert!(listed, "docs/guide/README.md does not list {name}");
    }
}

#[test]
fn code_of_the_guide_is_the_code_of_the_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = fs::read_dir(root.join("src/bin")).unwrap();
    let sources = sources.map(|entry| entry.unwrap().path());
    let sources = sources.chain([root.join("src/lib.rs")]);
    let sources: Vec<String> = sources
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut compared = 0;
    for entry in fs::read_dir(root.join("../docs/guide")).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        for block in code_blocks(&page) {
            let wanted = lines(block);
            assert!(!wanted.is_empty(), "{}: an empty block", path.display());
            let found = sources.iter().any(|source| {
                let source = lines(source);
                source.windows(wanted.len()).any(|window| window == wanted)
            });
            assert!(found, "{}: no program has this:\n{block}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 0);
}
