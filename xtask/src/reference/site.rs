//! The pages, and the links between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Model, Operation};
use crate::document::schema_name;
use crate::print::CrateNames;
use crate::schema;
use crate::{reference::rust_type::RustType, rust_name};

use super::text::{code, slug};

/// The page that links to all others.
pub(super) const INDEX: &str = "README.md";

pub(super) struct Site<'a> {
    pub(super) catalog: &'a Catalog,
    /// The names of the crate in examples.
    pub(super) names: &'a CrateNames,
    pub(super) apis: Vec<Api<'a>>,
    models: BTreeMap<&'a str, &'a Model>,
    files: BTreeMap<&'a str, String>,
    /// The models that requests contain.
    requests: BTreeSet<String>,
}

/// The operations of a tag.
pub(super) struct Api<'a> {
    /// `OAuthApi`.
    pub(super) name: String,
    pub(super) file: String,
    /// `None` if the operations have no tag.
    pub(super) tag: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    pub(super) operations: Vec<&'a Operation>,
}

impl<'a> Site<'a> {
    pub(super) fn of(catalog: &'a Catalog, crate_names: &'a CrateNames) -> Self {
        let mut names = Names(BTreeSet::from(["readme".to_owned()]));
        let apis = apis(catalog, &mut names);
        let mut files = BTreeMap::new();
        for model in &catalog.models {
            let name = names.take(&rust_name::model(&model.name), "");
            files.insert(model.name.as_str(), format!("{name}.md"));
        }
        let models = catalog
            .models
            .iter()
            .map(|model| (model.name.as_str(), model))
            .collect();
        let mut site = Self {
            catalog,
            names: crate_names,
            apis,
            models,
            files,
            requests: BTreeSet::new(),
        };
        site.requests = site.reached_by_requests();
        site
    }

    pub(super) fn model(&self, name: &str) -> Option<&'a Model> {
        self.models.get(name).copied()
    }

    pub(super) fn model_file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// Whether a request may contain the model.
    pub(super) fn is_in_requests(&self, name: &str) -> bool {
        self.requests.contains(name)
    }

    /// A model's Rust name, with a link if it has a page.
    pub(super) fn link(&self, name: &str) -> String {
        let text = rust_name::model(name);
        match self.model_file(name) {
            Some(file) => format!("[**{text}**]({file})"),
            None => format!("**{text}**"),
        }
    }

    /// A type, with a link to the model that it contains.
    pub(super) fn type_link(&self, ty: &RustType, optional: bool) -> String {
        let text = if optional {
            format!("Option<{}>", ty.short())
        } else {
            ty.short()
        };
        match ty.model().and_then(|name| self.model_file(name)) {
            Some(file) => format!("[{}]({file})", code(&text)),
            None => code(&text),
        }
    }

    fn reached_by_requests(&self) -> BTreeSet<String> {
        let bodies = self
            .catalog
            .operations
            .iter()
            .filter_map(|operation| operation.body.as_ref());
        let mut next: Vec<String> = bodies.map(|body| body.model.clone()).collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = next.pop() {
            let Some(model) = self.model(&name) else {
                continue;
            };
            if reached.insert(name) {
                schema::references(&model.schema, "", &mut |_, target| {
                    next.extend(schema_name(target));
                });
            }
        }
        reached
    }
}

impl Api<'_> {
    /// The anchor of an operation on this page.
    pub(super) fn anchor(&self, operation: &Operation) -> String {
        let method = rust_name::method(operation);
        // This anchor belongs to a heading that every operation has.
        if SECTIONS.contains(&method.as_str()) || slug(&self.name) == method {
            format!("{method}-operation")
        } else {
            method
        }
    }

    pub(super) fn link(&self, operation: &Operation) -> String {
        let method = rust_name::method(operation);
        format!("[**{method}**]({}#{})", self.file, self.anchor(operation))
    }
}

/// One-word headings below an operation.
const SECTIONS: [&str; 3] = ["example", "errors", "authorization"];

/// The declared tags in the document's order, then undeclared tags, then operations without a tag.
fn apis<'a>(catalog: &'a Catalog, names: &mut Names) -> Vec<Api<'a>> {
    let mut tags: Vec<Option<&str>> = Vec::new();
    let declared = catalog.tags.iter().map(|tag| Some(tag.name.as_str()));
    let used = catalog
        .operations
        .iter()
        .filter_map(|operation| operation.tag.as_deref())
        .map(Some);
    for tag in declared.chain(used).chain([None]) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.into_iter()
        .filter_map(|tag| {
            let of_tag = |operation: &&Operation| operation.tag.as_deref() == tag;
            let operations: Vec<&Operation> = catalog.operations.iter().filter(of_tag).collect();
            if operations.is_empty() {
                return None;
            }
            let name = names.take(&tag.map_or("Default".to_owned(), rust_name::model), "Api");
            let declared = catalog
                .tags
                .iter()
                .find(|other| Some(other.name.as_str()) == tag);
            Some(Api {
                file: format!("{name}.md"),
                name,
                tag,
                description: declared.and_then(|tag| tag.description.as_deref()),
                operations,
            })
        })
        .collect()
}

/// The page names that are taken. Names are compared without case, as some file systems do.
struct Names(BTreeSet<String>);

impl Names {
    /// Takes `name` plus `end`, with the first number between them that makes the result unique.
    fn take(&mut self, name: &str, end: &str) -> String {
        let mut taken = format!("{name}{end}");
        let mut number = 2;
        while !self.0.insert(taken.to_lowercase()) {
            taken = format!("{name}{number}{end}");
            number += 1;
        }
        taken
    }
}
