//! Stand-alone crates: their names, and the path of their dependency on this project.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::stage::Stage;
use crate::workspace::Workspace;

/// What `regen` generates a stand-alone crate from.
#[derive(Debug, Clone, Default, Args)]
pub struct Standalone {
    /// The OpenAPI 3.0 document to generate a stand-alone crate from
    #[arg(long, required = false, value_name = "FILE", requires = "out")]
    pub spec: PathBuf,

    /// The folder of the stand-alone crate
    #[arg(long, required = false, value_name = "DIR", requires = "spec")]
    pub out: PathBuf,

    /// The name of the stand-alone crate; `my-api` has the client `MyApiClient` [default: the title of
    /// the document in kebab case]
    #[arg(long, value_name = "NAME", requires = "spec")]
    pub name: Option<String>,

    /// How the crate of its own depends on `cobo-auth` and `cobo-model`: a version, or the URL of a
    /// git repository, with `#` and a revision [default: the version and relative path of this
    /// checkout]
    #[arg(long, value_name = "VERSION|URL", requires = "spec")]
    pub auth_dependency: Option<String>,

    /// Keep only operations with this tag, and what they need
    #[arg(long = "tag", value_name = "TAG", requires = "spec")]
    pub tags: Vec<String>,

    /// What a person decided about the document: conflicts, operations to leave out, and keys to set
    #[arg(long, value_name = "FILE", requires = "spec")]
    pub decisions: Option<PathBuf>,

    /// Refuse what a person has not decided: conflicts, parts without a common type, mappings that contradict variants
    #[arg(long, requires = "spec")]
    pub strict: bool,

    /// See [`Options::skip`](crate::stage::Options::skip).
    #[arg(skip)]
    #[doc(hidden)]
    pub skip: Vec<Stage>,
}

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

/// Checks a requested name. Fails with the reason if a crate cannot have it.
pub fn check(name: &str) -> Result<(), String> {
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

/// The name of a crate without a requested one: `Pet Store 2.0` makes `pet-store-2-0`.
pub fn default_name(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name: String = words.join("-").chars().take(50).collect();
    let name = name.trim_end_matches('-');
    [
        name.to_owned(),
        format!("{name}-client"),
        format!("api-{name}"),
    ]
    .into_iter()
    .find(|name| check(name).is_ok() && !name.ends_with('-'))
    .unwrap_or_else(|| "api-client".to_owned())
}

/// The command that regenerates the crate. It omits paths, which differ between machines.
pub fn command(request: &Standalone) -> String {
    let mut command = format!(
        "xtask regen --spec {} --out DIR",
        quoted(&file_name(&request.spec))
    );
    if let Some(name) = &request.name {
        command.push_str(&format!(" --name {}", quoted(name)));
    }
    if let Some(dependency) = &request.auth_dependency {
        command.push_str(&format!(" --auth-dependency {}", quoted(dependency)));
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

/// How a crate depends on `cobo-auth` and `cobo-model`: values in its `Cargo.toml`. Its own features
/// choose TLS, so those of `cobo-auth` are off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub auth: String,
    pub model: String,
}

impl Dependency {
    /// The dependency that `--auth-dependency` names: a version, or the URL of a git repository with
    /// `#` and a revision. By default the version of this checkout, with its path from `out`.
    pub fn of(asked: Option<&str>, out: &Path) -> Result<Self, String> {
        let Some(asked) = asked else {
            let auth = relative(out, &auth_path()?);
            let version = env!("CARGO_PKG_VERSION");
            let value = |path: &str| format!("version = {}, path = {}", toml(version), toml(path));
            return Ok(Self::of_values(&value(&auth), &value(&model_path(&auth))));
        };
        let value = if asked.contains("://") {
            match asked.split_once('#') {
                Some((url, rev)) => format!("git = {}, rev = {}", toml(url), toml(rev)),
                None => format!("git = {}", toml(asked)),
            }
        } else if is_version(asked) {
            format!("version = {}", toml(asked))
        } else {
            return Err(format!(
                "`{asked}` is not a version (`1.2`) or the URL of a git repository \
                 (`https://host/repository#revision`)"
            ));
        };
        Ok(Self::of_values(&value, &value))
    }

    /// A dependency by path alone.
    pub fn at(path: &str) -> Self {
        let value = |path: &str| format!("path = {}", toml(path));
        Self::of_values(&value(path), &value(&model_path(path)))
    }

    fn of_values(auth: &str, model: &str) -> Self {
        Self {
            auth: format!("{{ {auth}, default-features = false }}"),
            model: format!("{{ {model} }}"),
        }
    }
}

fn is_version(text: &str) -> bool {
    let version = text.trim_start_matches(['=', '^', '~']);
    version.starts_with(|c: char| c.is_ascii_digit())
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}

/// Quotes a TOML string. JSON's escapes are also valid in TOML.
pub(crate) fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The path that leads from the folder `from`, which may not exist yet, to `to`.
fn relative(from: &Path, to: &str) -> String {
    let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
    // The part that exists may contain links.
    let existing = from.ancestors().find_map(|folder| {
        let rest = from.strip_prefix(folder).ok()?;
        Some(folder.canonicalize().ok()?.join(rest))
    });
    let from = existing.unwrap_or(from);
    let from: Vec<_> = from.components().collect();
    let to: Vec<_> = Path::new(to).components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The path of `cobo-auth`: in the current checkout, or else in the one this program was built in.
pub fn auth_path() -> Result<String, String> {
    let reason = "found no checkout of the project from here or from the program upward, and the \
                  generated crate depends on its crates/cobo-auth: run the command in a checkout, or \
                  give --auth-dependency";
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Dependency, default_name, relative};

    #[test]
    fn default_name_is_the_title_in_kebab_case() {
        for (title, name) in [
            ("Pet Store 2.0", "pet-store-2-0"),
            (
                "Cobo Wallet as a Service 2.0",
                "cobo-wallet-as-a-service-2-0",
            ),
            ("Type", "type-client"),
            ("3scale", "api-3scale"),
            ("Cobo Auth", "cobo-auth-client"),
            ("日本", "api-client"),
            ("", "api-client"),
        ] {
            assert_eq!(default_name(title), name, "{title}");
        }
    }

    #[test]
    fn dependency_is_a_version_or_a_git_repository() {
        let of = |asked| Dependency::of(Some(asked), Path::new("out")).map(|found| found.auth);
        assert_eq!(
            of("1.2"),
            Ok("{ version = \"1.2\", default-features = false }".to_owned())
        );
        assert_eq!(
            of("https://host/it#abc"),
            Ok("{ git = \"https://host/it\", rev = \"abc\", default-features = false }".to_owned())
        );
        for wrong in ["", "latest", "1.2\"", "../it"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn relative_path_leads_from_one_folder_to_the_other() {
        let from = Path::new("/nowhere/checkout/target/out");
        assert_eq!(
            relative(from, "/nowhere/checkout/crates/cobo-auth"),
            "../../crates/cobo-auth"
        );
    }
}
