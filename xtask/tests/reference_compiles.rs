//! The programs on the reference pages, and the doctests of the generated client, compile against
//! the crate of the same document.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::api::Api;
use xtask::print::code;
use xtask::print::reference;
use xtask::print::{CrateNames, Header};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, emit, load};
use xtask::standalone::Dependency;

#[test]
fn reference_examples_of_a_small_document_compile() {
    let folder = tempfile::tempdir().unwrap();
    compile(
        include_bytes!("reference/tiny.yaml"),
        "reference-pages",
        folder.path(),
    );
}

fn compile(document: &[u8], name: &str, folder: &Path) {
    let names = CrateNames::of_crate(name);
    let options = Options::default();
    let mut log = Log::default();
    let mut document = load::read(document, "document.yaml", &options).unwrap();
    transform(&mut document, &options, &mut log).unwrap();
    let api = Api::of(&document, &mut log);
    let header = Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: "document.yaml".to_owned(),
    };
    let code = code::print(&api, &names, &header.line()).unwrap();
    // What the pages call types that have no name in the document.
    for name in ["BoxType", "ListItemsSort"] {
        let written = format!("pub enum {name} ");
        assert!(code.files.iter().any(|file| file.text.contains(&written)));
    }
    let auth = root().join("crates/cobo-auth");
    let mut files = emit::standalone(name, &Dependency::at(auth.to_str().unwrap()), &api, code);
    let pages = reference::pages(&api, &names, Some(&header));
    include(&mut files, pages);
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // The same versions as the workspace, all of which have been downloaded.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    cargo(folder, &["test", "--doc"]);
}

/// Adds the pages to the documentation of the crate, which is where programs are compiled.
fn include(files: &mut BTreeMap<String, String>, pages: BTreeMap<String, String>) {
    let dependencies = "[dev-dependencies]\nserde_json = \"1\"\n\
        tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n\n# A workspace";
    let manifest = files.get_mut("Cargo.toml").unwrap();
    assert!(manifest.contains("# A workspace"));
    *manifest = manifest.replacen("# A workspace", dependencies, 1);
    let mut included = "\n/// The reference pages.\n#[cfg(doctest)]\npub mod pages {\n".to_owned();
    for (at, (name, text)) in pages.into_iter().enumerate() {
        included.push_str(&format!(
            "    #[doc = include_str!(\"../pages/{name}\")]\n    pub struct Page{at};\n"
        ));
        files.insert(format!("pages/{name}"), text);
    }
    included.push_str("}\n");
    files.get_mut("src/lib.rs").unwrap().push_str(&included);
}

fn cargo(folder: &Path, arguments: &[&str]) {
    // Below the workspace's own, so that a second run finds what the first one compiled.
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", root().join("target/generated"))
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "cargo {arguments:?} in {}\n{said}",
        folder.display()
    );
    assert!(
        said.contains("- compile ... ok"),
        "nothing was compiled\n{said}"
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
