//! The pages, and the links between them.

use std::collections::BTreeSet;

use super::text::{code, slug};
use crate::api::{Api, Home, ModelId, Operation, Tag};
use crate::print::CrateNames;
use crate::print::rust_type::{RustType, last};
use crate::rust_name;

/// The page that links to all others.
pub(super) const INDEX: &str = "README.md";
/// The page of the models that belong to no tag.
pub(super) const MODELS: &str = "models.md";

pub(super) struct Site<'a> {
    pub(super) api: &'a Api,
    /// The names of the crate in examples.
    pub(super) names: &'a CrateNames,
    /// Whether each model has a page.
    pub(super) single: bool,
    /// A page for each tag.
    pub(super) pages: Vec<Page<'a>>,
    /// The models that belong to no tag, if not each model has a page.
    pub(super) others: Vec<ModelId>,
    places: Vec<Place>,
    /// The names of all models. A type of another crate with the same name is written in full.
    taken: BTreeSet<&'a str>,
}

/// The page of a tag.
pub(super) struct Page<'a> {
    /// `OAuthApi`.
    pub(super) name: String,
    pub(super) file: String,
    pub(super) tag: &'a Tag,
    /// The models that only this tag uses, if not each model has a page.
    pub(super) models: Vec<ModelId>,
}

/// Where a model is described.
pub(super) struct Place {
    pub(super) file: String,
    /// The anchor, if the page describes several models.
    pub(super) anchor: Option<String>,
}

impl<'a> Site<'a> {
    pub(super) fn of(api: &'a Api, names: &'a CrateNames) -> Self {
        let single = api.tags.len() < 2;
        let mut files = Names(["readme", "models"].map(str::to_owned).into());
        let mut pages: Vec<Page<'_>> = api
            .tags
            .iter()
            .map(|tag| {
                let name = tag.name.as_deref();
                let name = name.map_or("Default".to_owned(), rust_name::model);
                let name = files.take(&name, "Api");
                Page {
                    file: format!("{name}.md"),
                    name,
                    tag,
                    models: Vec::new(),
                }
            })
            .collect();
        let mut others = Vec::new();
        let mut places = Vec::new();
        let mut anchors = Names(BTreeSet::new());
        for (index, home) in api.homes().into_iter().enumerate() {
            let rust = &api.models[index].rust;
            if single {
                let name = files.take(rust, "");
                places.push(Place {
                    file: format!("{name}.md"),
                    anchor: None,
                });
                continue;
            }
            let file = match home {
                Home::Tag(tag) => {
                    pages[tag].models.push(ModelId(index));
                    pages[tag].file.clone()
                }
                Home::Shared | Home::Unused => {
                    others.push(ModelId(index));
                    MODELS.to_owned()
                }
            };
            let name = anchors.take(rust, "").to_lowercase();
            places.push(Place {
                file,
                anchor: Some(format!("model-{name}")),
            });
        }
        Self {
            api,
            names,
            single,
            pages,
            others,
            places,
            taken: api.models.iter().map(|model| model.rust.as_str()).collect(),
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ModelId> + use<> {
        (0..self.places.len()).map(ModelId)
    }

    pub(super) fn place(&self, id: ModelId) -> &Place {
        &self.places[id.0]
    }

    /// The target of links to a model.
    fn target(&self, id: ModelId) -> String {
        let place = self.place(id);
        match &place.anchor {
            Some(anchor) => format!("{}#{anchor}", place.file),
            None => place.file.clone(),
        }
    }

    /// A model's name as a link.
    pub(super) fn link(&self, id: ModelId) -> String {
        format!("[**{}**]({})", self.api.model(id).rust, self.target(id))
    }

    /// A type as code, with a link to the model that it contains.
    pub(super) fn type_link(&self, ty: &RustType) -> String {
        let text = ty.text(&|path| self.path(path), &|id| {
            self.api.model(id).rust.clone()
        });
        match ty.model() {
            Some(id) => format!("[{}]({})", code(&text), self.target(id)),
            None => code(&text),
        }
    }

    fn path(&self, path: &'static str) -> String {
        let name = last(path);
        if path.starts_with("serde_json::") || self.taken.contains(name) {
            path.to_owned()
        } else {
            name.to_owned()
        }
    }

    pub(super) fn operations(&self, page: &Page<'a>) -> impl Iterator<Item = &'a Operation> {
        let api = self.api;
        let indices = page.tag.operations.iter();
        indices.map(move |index| &api.operations[*index])
    }
}

impl Page<'_> {
    /// The anchor of an operation on this page.
    pub(super) fn anchor(&self, operation: &Operation) -> String {
        let method = &operation.rust;
        // This anchor belongs to another heading.
        if SECTIONS.contains(&method.as_str()) || slug(&self.name) == *method {
            format!("{method}-operation")
        } else {
            method.clone()
        }
    }

    pub(super) fn link(&self, operation: &Operation) -> String {
        let method = &operation.rust;
        format!("[**{method}**]({}#{})", self.file, self.anchor(operation))
    }
}

/// Headings of one word that a page of operations has.
const SECTIONS: [&str; 5] = ["example", "errors", "authorization", "models", "pages"];

/// Names that are taken. Names are compared without case, as some file systems do.
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
