//! The same document in another form sends and receives the same, and releases differ as their lists say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails may panic, and one that is skipped says so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::api::Api;
use xtask::diff::{Shape, Surface, changes, text};
use xtask::document::Document;
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, Stage, load};

mod support;

use support::Dice;

fn read(bytes: &[u8]) -> Document {
    load::read(bytes, "document.yaml", &Options::default()).unwrap()
}

fn seen(document: &Document) -> Surface {
    let (mut document, options, mut log) = (document.clone(), Options::default(), Log::default());
    transform(&mut document, &options, &mut log).unwrap();
    Surface::of(&Api::of(&document, &mut log))
}

const TINY: [(&str, &[u8]); 7] = [
    ("shops", include_bytes!("diff/shops.json")),
    ("kinds", include_bytes!("rust/kinds.yaml")),
    ("odd", include_bytes!("rust/odd.yaml")),
    ("pages", include_bytes!("rust/pages.yaml")),
    ("tags", include_bytes!("rust/tags.yaml")),
    ("tiny", include_bytes!("rust/tiny.yaml")),
    ("whole", include_bytes!("conformance/whole.yaml")),
];

/// Every rewriting of a document alone, and all of them together.
fn forms(root: &Value) -> Vec<(&'static str, Value)> {
    let apply = |edit: &dyn Fn(&mut Value)| {
        let mut root = root.clone();
        edit(&mut root);
        root
    };
    vec![
        (
            "shuffled",
            apply(&|root| support::shuffled(root, &mut Dice::new(1))),
        ),
        ("unspoken", apply(&support::unspoken)),
        (
            "inlined",
            apply(&|root| support::inlined(root, 3, &mut Dice::new(2))),
        ),
        ("hoisted", apply(&support::hoisted)),
        ("renamed", apply(&support::renamed)),
        ("flattened", apply(&support::flattened)),
        (
            "all",
            apply(&|root| {
                support::flattened(root);
                support::inlined(root, 2, &mut Dice::new(3));
                support::hoisted(root);
                support::renamed(root);
                support::unspoken(root);
                support::shuffled(root, &mut Dice::new(4));
            }),
        ),
    ]
}

/// What the operations send and receive, without the names of types, by operation. Names depend on
/// the form of a document, and what is sent must not.
fn wire(surface: &Surface) -> BTreeMap<String, String> {
    // Two models have the same number if they are the same to this depth.
    let names = surface.models.keys();
    let mut numbers: BTreeMap<&str, String> =
        names.map(|name| (name.as_str(), String::new())).collect();
    for _ in 0..12 {
        let models = surface.models.iter();
        numbers = models
            .map(|(name, model)| {
                let contents = contents(&model.shape, &numbers);
                let text = match model.shape {
                    // Whether a list or a text has a name depends on the form.
                    Shape::Wrapper { .. } => contents,
                    _ => number(&contents).to_string(),
                };
                (name.as_str(), text)
            })
            .collect();
    }
    let operations = surface.operations.iter();
    operations
        .map(|(id, operation)| {
            let parameters = operation.parameters.iter().map(|(place, parameter)| {
                let ty = anonymous(&parameter.ty, &numbers);
                format!("{place} {} {ty}\n", parameter.required)
            });
            let parameters: String = parameters.collect();
            let body = operation.body.as_ref().map(|body| {
                let ty = anonymous(&body.ty, &numbers);
                format!("{} {} {ty}", body.required, body.media_type)
            });
            let success = operation.success.as_ref();
            let success = success.map(|ty| anonymous(ty, &numbers));
            (id.clone(), format!("{parameters}{body:?}\n{success:?}"))
        })
        .collect()
}

fn number(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A type with the numbers of models in place of their names.
fn anonymous(ty: &str, numbers: &BTreeMap<&str, String>) -> String {
    // A model has a path if a type of another crate has its name.
    const OUTSIDE: &str = "BTreeMap Box File Map Nullable Number Option Secret String Value Vec";
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    // Where a field leads back to its model depends on how much is inlined.
    let unboxed = ty.strip_prefix("Box<").and_then(|ty| ty.strip_suffix('>'));
    let ty = unboxed.unwrap_or(ty).replace("models::", "models_");
    let words = ty.split_inclusive(|c: char| !is_name(c));
    words
        .map(|word| {
            let name = word.trim_end_matches(|c: char| !is_name(c));
            let number = match name.strip_prefix("models_") {
                Some(model) => numbers.get(model),
                None if OUTSIDE.split(' ').any(|outside| outside == name) => None,
                None => numbers.get(name),
            };
            match number {
                Some(number) => format!("{number}{}", &word[name.len()..]),
                None => word.to_owned(),
            }
        })
        .collect()
}

fn contents(shape: &Shape, numbers: &BTreeMap<&str, String>) -> String {
    match shape {
        Shape::Object { fields, rest } => {
            let fields = fields.iter().map(|(wire, field)| {
                let ty = anonymous(&field.ty, numbers);
                format!("{wire} {} {} {ty}\n", field.required, field.nullable)
            });
            let rest = rest.iter().map(|(_, ty)| anonymous(ty, numbers));
            fields.chain(rest).collect()
        }
        Shape::Enum { of, values, .. } => format!("{of} {:?}", values.keys()),
        Shape::Union {
            discriminator,
            variants,
            ..
        } => {
            let variants = variants.values();
            let mut variants: Vec<String> = variants
                .map(|variant| {
                    let ty = anonymous(&variant.ty, numbers);
                    format!("{:?} {ty}", variant.selected_by)
                })
                .collect();
            variants.sort();
            format!("{discriminator:?} {variants:?}")
        }
        Shape::Wrapper { ty } => anonymous(ty, numbers),
    }
}

fn says_the_same(name: &str, document: &Document) {
    let surface = seen(document);
    let expected = wire(&surface);
    for (how, root) in forms(&document.root) {
        let other = seen(&Document::from_value("other", root));
        let found = wire(&other);
        let differ: Vec<_> = expected
            .iter()
            .filter(|(id, text)| found.get(*id) != Some(*text))
            .map(|(id, text)| (id, text, found.get(id)))
            .collect();
        assert!(differ.is_empty(), "{name}, {how}: {differ:#?}");
    }
}

#[test]
fn equivalent_forms_of_small_documents_generate_equivalent_requests() {
    // `kinds` has marks of transforms, which no rewriting keeps in order.
    for (name, bytes) in TINY.into_iter().filter(|(name, _)| *name != "kinds") {
        says_the_same(name, &read(bytes));
    }
}

/// Without `deduplicate`, what was written out is written in Rust as often.
#[test]
fn document_with_inlined_references_produces_the_same_models() {
    let whole = read(include_bytes!("conformance/whole.yaml"));
    let models = |skip: &[Stage], inline: bool| {
        let options = Options {
            skip: skip.to_vec(),
            ..Options::default()
        };
        let mut document = whole.clone();
        if inline {
            support::inlined(&mut document.root, 3, &mut Dice::new(1));
        }
        transform(&mut document, &options, &mut Log::default()).unwrap();
        let names = document.components("schemas").map(|(name, _)| name.clone());
        names.collect::<BTreeSet<String>>()
    };
    assert_eq!(models(&[], true), models(&[], false));
    assert!(models(&[Stage::Deduplicate], true).len() > models(&[], false).len());
}

/// The official releases, where they are.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    if files.is_empty() {
        println!("SKIPPED: ../shared/specs is not there");
    }
    files
}

#[test]
fn equivalent_forms_of_a_release_generate_equivalent_requests() {
    for path in releases() {
        let document = read(&std::fs::read(&path).unwrap());
        says_the_same(&path.display().to_string(), &document);
    }
}

/// The first two lists hold every fact of lists that were made from the documents by other means.
#[test]
fn diff_of_two_releases_contains_every_listed_change() {
    let releases = releases();
    for pair in releases.windows(2) {
        let [old, new] = pair else { continue };
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let list = format!("tests/diff/{}-{}.txt", name(old), name(new));
        let Ok(list) = std::fs::read_to_string(&list) else {
            println!("SKIPPED: there is no {list}");
            continue;
        };
        let one = |path| seen(&read(&std::fs::read(path).unwrap()));
        let found = text(&changes(&one(old), &one(new)));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        similar_asserts(&lines(&list), &lines(&found));
    }
}

fn similar_asserts(expected: &[String], found: &[String]) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|line| !found.contains(line))
        .collect();
    let more: Vec<_> = found
        .iter()
        .filter(|line| !expected.contains(line))
        .collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing {missing:#?}, more {more:#?}"
    );
}
