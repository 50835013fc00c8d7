//! Someone edits `openapi/oauth.yaml`: `--check` names what is stale, `regen` mends it, and what
//! was added can be used.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DOCUMENT: &str = "openapi/oauth.yaml";

/// A temporary checkout, with the document, the code that was generated from it, and its library file.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        for folder in [
            "openapi",
            "crates/cobo-oauth/src",
            "crates/cobo-waas2",
            "crates/cobo-sandbox/src/generated",
            "docs/reference",
        ] {
            copy(&root().join(folder), &checkout.path(folder));
        }
        fs::copy(root().join("Cargo.toml"), checkout.path("Cargo.toml")).unwrap();
        checkout
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(DOCUMENT)).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.path(DOCUMENT), text.replacen(from, to, 1)).unwrap();
    }

    /// Exit code, and what was said.
    fn regen(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .arg("regen")
            .args(arguments)
            .current_dir(self.0.path());
        let run = command.output().unwrap();
        let said = [run.stdout, run.stderr].concat();
        (run.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// The files that `--check` lists, and that it wrote none.
    fn stale(&self) -> Vec<String> {
        let check = ["--check", "--verbose"];
        let (code, said) = self.regen(&check);
        assert_eq!(code, 1, "{said}");
        assert_eq!(self.regen(&check), (1, said.clone()));
        said.lines()
            .filter_map(|line| {
                line.strip_prefix("stale: ")
                    .or(line.strip_prefix("missing: "))
            })
            .map(str::to_owned)
            .collect()
    }

    fn generated(&self, file: &str) -> String {
        fs::read_to_string(self.path("crates/cobo-oauth/src/generated").join(file)).unwrap()
    }
}

#[test]
fn check_passes_for_an_unedited_checkout() {
    let checkout = Checkout::new();
    let (code, said) = checkout.regen(&["--check"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn edited_description_appears_in_generated_code_and_pages() {
    let checkout = Checkout::new();
    checkout.edit(
        "The OAuth grant type, `org_implicit`.",
        "The grant, `org_implicit` and no other.",
    );
    let stale = checkout.stale();
    for file in [
        "crates/cobo-oauth/src/generated/client.rs",
        "crates/cobo-oauth/src/generated/operations.rs",
        "docs/reference/OAuthApi.md",
    ] {
        assert!(stale.iter().any(|path| path == file), "{file}: {stale:?}");
    }
    let (code, said) = checkout.regen(&["--verbose"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("wrote crates/cobo-oauth/src/generated/client.rs"),
        "{said}"
    );
    assert!(checkout.generated("client.rs").contains("and no other"));
    assert_eq!(checkout.regen(&["--check"]).0, 0);
}

#[test]
fn added_field_and_operation_are_usable_after_regen() {
    let checkout = Checkout::new();
    checkout.edit(
        "        token_type:\n",
        "        issued_for:\n          type: string\n          description: Who has it.\n        token_type:\n",
    );
    checkout.edit(
        "  /oauth/permission_token/exchange:\n",
        "  /oauth/token/{token_id}/status:\n    get:\n      operationId: get_token_status\n      \
         tags:\n        - OAuth\n      parameters:\n        - name: token_id\n          in: path\n          \
         required: true\n          schema:\n            type: string\n      responses:\n        \
         2XX:\n          $ref: '#/components/responses/GetToken'\n  \
         /oauth/permission_token/exchange:\n",
    );
    let stale = checkout.stale();
    for file in ["client.rs", "models.rs", "operations.rs"] {
        let file = format!("crates/cobo-oauth/src/generated/{file}");
        assert!(stale.contains(&file), "{file}: {stale:?}");
    }
    for page in ["OAuthApi.md", "GetToken200Response.md", "README.md"] {
        let page = format!("docs/reference/{page}");
        assert!(stale.contains(&page), "{page}: {stale:?}");
    }
    assert_eq!(checkout.regen(&[]).0, 0);
    assert!(
        checkout
            .generated("models.rs")
            .contains("pub issued_for: Option<String>")
    );
    assert!(
        checkout
            .generated("client.rs")
            .contains("pub fn get_token_status(&self)")
    );

    // And a stand-alone crate has it and compiles.
    let out = checkout.path("client");
    let document = checkout.path(DOCUMENT);
    succeeds(
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["regen", "--spec"])
            .arg(&document)
            .arg("--out")
            .arg(&out)
            .args(["--name", "edited-oauth"])
            .current_dir(root()),
    );
    fs::create_dir_all(out.join("examples")).unwrap();
    fs::write(
        out.join("examples/use.rs"),
        "#![allow(missing_docs)]\n\
         pub async fn status(client: &edited_oauth::EditedOauthClient) -> Option<String> {\n    \
             let status = client.get_token_status().token_id(\"t\").send().await.ok()?;\n    \
             status.into_inner().issued_for\n\
         }\n\
         fn main() {}\n",
    )
    .unwrap();
    fs::copy(root().join("Cargo.lock"), out.join("Cargo.lock")).unwrap();
    succeeds(
        Command::new(env!("CARGO"))
            .args(["check", "--offline", "--all-targets"])
            .current_dir(&out)
            .env("CARGO_TARGET_DIR", root().join("target/generated")),
    );
}

#[test]
fn refused_document_leaves_generated_files_unchanged() {
    let checkout = Checkout::new();
    checkout.edit("operationId: refresh_token\n", "operationId: get_token\n");
    let before = checkout.generated("client.rs");
    let (code, said) = checkout.regen(&[]);
    assert_eq!(code, 2);
    assert!(
        said.contains("openapi/oauth.yaml") && said.contains("get_token"),
        "{said}"
    );
    assert_eq!(checkout.generated("client.rs"), before);
}

fn succeeds(command: &mut Command) {
    let run = command.output().unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
