//! Stand-alone crates: their names, and the path of their dependency on this project.

use std::path::Path;

use crate::regen::Standalone;
use crate::workspace::Workspace;

/// Names that a crate depending on `cobo-auth` cannot have: those of its dependencies, and those in
/// scope in every crate.
const TAKEN: [&str; 23] = [
    "alloc",
    "async_trait",
    "base64",
    "bytes",
    "chrono",
    "cobo_auth",
    "cobo_model",
    "core",
    "futures",
    "futures_core",
    "http",
    "proc_macro",
    "progenitor_client",
    "regress",
    "reqwest",
    "serde",
    "serde_json",
    "serde_urlencoded",
    "std",
    "test",
    "tokio",
    "url",
    "uuid",
];

/// The requested name, or one derived from the document's file name. Fails with the reason if the
/// requested name is invalid.
pub fn name(asked: Option<&str>, spec: &Path) -> Result<String, String> {
    match asked {
        Some(name) => check(name).map(|()| name.to_owned()),
        None => Ok(default_name(spec)),
    }
}

fn check(name: &str) -> Result<(), String> {
    let reason = if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "a crate's name starts with a letter"
    } else if name.contains(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        "a crate's name has letters (a to z), digits, `-` and `_` only"
    } else if name.len() > 64 {
        "a crate's name has 64 characters at most"
    } else if TAKEN.contains(&name.replace('-', "_").as_str()) {
        "a dependency of the crate has that name"
    } else if syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err() {
        "it is a keyword of Rust"
    } else {
        return Ok(());
    };
    Err(format!("`{name}` cannot be the crate's name: {reason}"))
}

/// `waas2-v1.35.0.yaml` makes `cobo-waas2-v1-35-0`.
fn default_name(spec: &Path) -> String {
    let stem = spec
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let words: Vec<&str> = stem
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let name = match words.as_slice() {
        [] => "cobo-client".to_owned(),
        ["cobo", ..] => words.join("-"),
        _ => format!("cobo-{}", words.join("-")),
    };
    let short = name.chars().take(50).collect::<String>();
    let short = short.trim_end_matches('-');
    if check(short).is_ok() {
        short.to_owned()
    } else {
        format!("{short}-client")
    }
}

/// The command that regenerates the crate. It omits paths, which differ between machines.
pub fn command(request: &Standalone) -> String {
    let mut command = format!(
        "xtask regen --spec {} --out DIR",
        quoted(&file_name(&request.spec))
    );
    if let Some(name) = &request.crate_name {
        command.push_str(&format!(" --crate-name {}", quoted(name)));
    }
    for tag in &request.tags {
        command.push_str(&format!(" --tag {}", quoted(tag)));
    }
    if let Some(path) = &request.decisions {
        command.push_str(&format!(" --decisions {}", quoted(&file_name(path))));
    }
    if request.strict {
        command.push_str(" --strict");
    }
    // The command is written into a one-line comment.
    command.replace(['\n', '\r'], " ")
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// The path of `cobo-auth`: in the current checkout, or else in the one this program was built in.
pub fn auth_path() -> Result<String, String> {
    let reason = "no checkout of the project was found from here or from the program upward, and \
                  the generated crate depends on its crates/cobo-auth: run it in a checkout";
    let workspace = Workspace::find().ok_or(reason)?;
    let path = workspace.auth().canonicalize().map_err(|error| {
        format!(
            "the checkout {} has no crates/cobo-auth: {error}",
            workspace.root.display()
        )
    })?;
    path.to_str()
        .map(|path| path.replace('\\', "/"))
        .ok_or_else(|| {
            format!(
                "the path {} is not Unicode, and Cargo.toml has to name it",
                path.display()
            )
        })
}

/// The path of `cobo-model`, which is next to `cobo-auth`.
pub(crate) fn model_path(auth_path: &str) -> String {
    match auth_path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/cobo-model"),
        None => "../cobo-model".to_owned(),
    }
}
