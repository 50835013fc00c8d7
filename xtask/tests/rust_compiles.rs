//! Crates that stand alone compile as they are written: no warning from the compiler, clippy or
//! rustdoc, and every example.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::api::{Api, unsupported};
use xtask::print::code;
use xtask::print::{CrateNames, Header};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, cross_check, emit, load};
use xtask::standalone::Dependency;

/// What the tests add to the manifest.
const MORE: &str = r#"[dev-dependencies]
serde_json = "1"
serde = "1"
tokio = { version = "1", features = ["macros", "rt"] }

[lints.rust]
warnings = "deny"
missing_docs = "deny"

# A workspace"#;

#[test]
fn generated_crate_with_each_schema_type_compiles_and_passes_its_tests() {
    behaves(
        "tiny",
        include_bytes!("rust/tiny.yaml"),
        include_str!("rust/behaviour.rs.in"),
    );
}

/// Open enums, unions, null, numbers and uploads.
#[test]
fn schema_types_unsupported_by_typify_compile_and_pass_their_tests() {
    behaves(
        "kinds",
        include_bytes!("rust/kinds.yaml"),
        include_str!("rust/kinds.rs.in"),
    );
}

/// Shapes that one release has and another has not.
#[test]
fn schemas_specific_to_other_releases_compile_and_pass_their_tests() {
    behaves(
        "releases",
        include_bytes!("rust/releases.yaml"),
        include_str!("rust/releases.rs.in"),
    );
}

/// Streams of pages and of items, against a sandbox.
#[test]
fn generated_page_and_item_streams_work_against_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let document = include_bytes!("rust/pages.yaml");
    write("pages", document, folder.path());
    fs::write(folder.path().join("document.yaml"), document).unwrap();
    let sandbox = root().join("crates/cobo-sandbox");
    let manifest = folder.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let more = format!(
        "[dev-dependencies]\ncobo-sandbox = {{ path = {sandbox:?} }}\nfutures-core = \"0.3\"\n\
         http = \"1\""
    );
    fs::write(manifest, text.replacen("[dev-dependencies]", &more, 1)).unwrap();
    test(folder.path(), include_str!("rust/pages.rs.in"));
}

fn behaves(name: &str, document: &[u8], behaviour: &str) {
    let folder = tempfile::tempdir().unwrap();
    write(name, document, folder.path());
    test(folder.path(), behaviour);
}

fn test(folder: &Path, behaviour: &str) {
    let tests = folder.join("tests");
    fs::create_dir(&tests).unwrap();
    fs::write(tests.join("behaviour.rs"), behaviour).unwrap();
    check(folder);
}

/// Names of the standard library and of what generated code imports, and shapes that the passes
/// leave as they are.
#[test]
fn schemas_named_like_std_or_imported_items_compile() {
    let folder = tempfile::tempdir().unwrap();
    write("odd", include_bytes!("rust/odd.yaml"), folder.path());
    check(folder.path());
}

/// Each tag alone, none, and all of them.
#[test]
fn crate_compiles_with_each_tag_feature_alone_with_none_and_with_all() {
    let folder = tempfile::tempdir().unwrap();
    write("tags", include_bytes!("rust/tags.yaml"), folder.path());
    check(folder.path());
    let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
    let (_, features) = manifest.split_once("[features]").unwrap();
    let (features, _) = features.split_once("\n\n").unwrap();
    let features: Vec<&str> = features
        .lines()
        .filter(|line| !line.starts_with(['#', 'd']))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    let tags = ["orders", "shop-keepers", "untagged", "other-models"];
    let tls = ["rustls-aws-lc", "rustls-ring", "webpki-roots"];
    assert_eq!(features, [&tags[..], &tls[..]].concat());
    let none = ["check", "--no-default-features", "--features"];
    for feature in tags.into_iter().chain([""]) {
        cargo(folder.path(), &[&none[..], &[feature]].concat());
    }
}

fn check(folder: &Path) {
    cargo(folder, &["clippy", "--all-targets", "--", "-D", "warnings"]);
    cargo(folder, &["doc", "--no-deps"]);
    cargo(folder, &["fmt", "--check"]);
    cargo(folder, &["test"]);
}

fn write(name: &str, text: &[u8], folder: &Path) {
    let options = Options::default();
    let mut log = Log::default();
    let mut document = load::read(text, name, &options).unwrap();
    transform(&mut document, &options, &mut log).unwrap();
    let api = Api::of(&document, &mut log);
    unsupported::check(&document, &api).unwrap();
    cross_check::run(&document, &api, &mut log).unwrap();
    let header = Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: name.to_owned(),
    };
    let code = code::print(&api, &CrateNames::of_crate(name), &header.line()).unwrap();
    let auth = root().join("crates/cobo-auth");
    for (name, text) in emit::standalone(name, &Dependency::at(auth.to_str().unwrap()), &api, code)
    {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // The same versions as the workspace, all of which have been downloaded.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(manifest, text.replacen("# A workspace", MORE, 1)).unwrap();
}

fn cargo(folder: &Path, arguments: &[&str]) {
    // Below the workspace's own, so that a second run finds what the first one compiled.
    let target = root().join("target/generated");
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true")
        .env("RUSTDOCFLAGS", "-D warnings")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {arguments:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
