//! The stages, in the order in which a document flows through them.
//!
//! Up to `errors` a stage transforms the document as JSON; `generate` runs progenitor; the later
//! ones work on the syntax tree. A new transform is a file here, a variant of [`Stage`], and an
//! entry in [`TRANSFORMS`].

use crate::document::Document;
use crate::refusal::Refusals;
use crate::report::Log;

pub mod emit;
pub mod errors;
pub mod flatten;
pub mod generate;
pub mod load;
pub mod name;
pub mod postprocess;
pub mod relax;
pub mod select;
pub mod split;
pub mod verify;

/// The name of a stage, for the report and for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Load,
    Select,
    Name,
    Flatten,
    Relax,
    Errors,
    Generate,
    PostProcess,
    Split,
    Emit,
    Verify,
}

impl Stage {
    pub const ALL: [Self; 11] = [
        Self::Load,
        Self::Select,
        Self::Name,
        Self::Flatten,
        Self::Relax,
        Self::Errors,
        Self::Generate,
        Self::PostProcess,
        Self::Split,
        Self::Emit,
        Self::Verify,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Select => "select",
            Self::Name => "name",
            Self::Flatten => "flatten",
            Self::Relax => "relax",
            Self::Errors => "errors",
            Self::Generate => "generate",
            Self::PostProcess => "post-process",
            Self::Split => "split",
            Self::Emit => "emit",
            Self::Verify => "verify",
        }
    }
}

/// What the user asked the stages for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--tag`: keep the operations that have one of these; empty keeps all.
    pub tags: Vec<String>,
}

/// A stage that transforms the document as JSON.
pub type Transform = fn(&mut Document, &Options, &mut Log) -> Result<(), Refusals>;

/// What happens to a document between `load` and `generate`, in order.
pub const TRANSFORMS: [(Stage, Transform); 5] = [
    (Stage::Select, select::run),
    (Stage::Name, name::run),
    (Stage::Flatten, flatten::run),
    (Stage::Relax, relax::run),
    (Stage::Errors, errors::run),
];

/// Runs every transform.
pub fn transform(
    document: &mut Document,
    options: &Options,
    log: &mut Log,
) -> Result<(), Refusals> {
    for (_, run) in TRANSFORMS {
        run(document, options, log)?;
    }
    Ok(())
}
