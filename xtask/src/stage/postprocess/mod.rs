//! Mends what progenitor wrote: one pass after another over the syntax tree.

use crate::catalog::Catalog;
use crate::refusal::{Refusal, Refusals};
use crate::report::Log;

use super::Stage;

mod attribute;
mod builders;
mod client;
mod cycles;
mod docs;
mod enums;
pub mod example;
mod fresh;
pub mod markdown;
mod models;
mod numbers;
mod operations;
mod pages;
mod properties;
mod prune;
mod rename;
mod replace;
pub mod tree;
mod unions;

pub use example::Shapes;

/// What the passes know, and what they find.
pub struct Context<'a> {
    pub catalog: &'a Catalog,
    /// The generated crate as its own examples name it, `cobo_oauth`.
    pub crate_name: &'a str,
    /// What the models are made of, for examples.
    pub shapes: Shapes,
    pub refusals: Refusals,
    pub changes: Vec<String>,
}

impl Context<'_> {
    /// What progenitor wrote is not what a pass expects.
    fn refuse(&mut self, reason: impl Into<String>) {
        self.refusals
            .push(Refusal::of_file("generated code", reason));
    }

    fn change(&mut self, text: impl Into<String>) {
        self.changes.push(text.into());
    }
}

/// A pass over the whole file.
type Pass = fn(&mut syn::File, &mut Context<'_>);

/// What happens to the file, in order.
const PASSES: [Pass; 12] = [
    rename::pass,
    models::pass,
    cycles::pass,
    enums::pass,
    unions::pass,
    numbers::pass,
    builders::pass,
    operations::pass,
    pages::pass,
    client::pass,
    prune::pass,
    properties::pass,
];

pub fn run(
    mut file: syn::File,
    catalog: &Catalog,
    crate_name: &str,
    log: &mut Log,
) -> Result<syn::File, Refusals> {
    let mut context = Context {
        catalog,
        crate_name,
        shapes: Shapes::default(),
        refusals: Refusals::default(),
        changes: Vec::new(),
    };
    for pass in PASSES {
        pass(&mut file, &mut context);
    }
    for change in context.changes {
        log.change(Stage::PostProcess, change);
    }
    context.refusals.or(file)
}
