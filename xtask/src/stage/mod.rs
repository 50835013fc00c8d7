//! The stages, in the order in which a document passes through them.
//!
//! Up to `enums`, a stage transforms the document as JSON. `api` builds the model of the generated code
//! ([`crate::api::Api`]), and `cross-check` compares it with progenitor's reading. A new transform needs a file here, a
//! variant of [`Stage`], and an entry in [`transforms::TRANSFORMS`].

use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::report::Log;

pub mod cross_check;
pub mod deduplicate;
pub mod drop_undeclared;
pub mod emit;
pub mod enums;
pub mod error_responses;
pub mod hoist;
pub mod load;
pub mod merge_all_of;
pub mod name;
pub mod nullable;
pub mod secrets;
pub mod select;
pub mod transforms;
pub mod unions;
pub mod usable;

/// The name of a stage, for the report and for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Load,
    Deduplicate,
    Select,
    Name,
    Hoist,
    MergeAllOf,
    DropUndeclared,
    Nullable,
    Secrets,
    ErrorResponses,
    Unions,
    Enums,
    Api,
    CrossCheck,
}

impl Stage {
    pub const ALL: [Self; 14] = [
        Self::Load,
        Self::Deduplicate,
        Self::Select,
        Self::Name,
        Self::Hoist,
        Self::MergeAllOf,
        Self::DropUndeclared,
        Self::Nullable,
        Self::Secrets,
        Self::ErrorResponses,
        Self::Unions,
        Self::Enums,
        Self::Api,
        Self::CrossCheck,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Deduplicate => "deduplicate",
            Self::Select => "select",
            Self::Name => "name",
            Self::Hoist => "hoist",
            Self::MergeAllOf => "merge-all-of",
            Self::DropUndeclared => "drop-undeclared",
            Self::Nullable => "nullable",
            Self::Secrets => "secrets",
            Self::ErrorResponses => "error-responses",
            Self::Unions => "unions",
            Self::Enums => "enums",
            Self::Api => "api",
            Self::CrossCheck => "cross-check",
        }
    }
}

/// The options of the stages.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--tag`: keeps the operations that have one of these tags; empty keeps all.
    pub tags: Vec<String>,
    /// `--decisions`: the decisions of a person.
    pub decisions: Decisions,
    /// `--strict`: refuses what a person has not decided.
    pub strict: bool,
    /// Stages to skip, so that tests can show why each is needed. This is not a command-line option, because the code
    /// may be wrong without a stage.
    #[doc(hidden)]
    pub skip: Vec<Stage>,
}

impl Options {
    /// Reports what a person has to decide: an error in strict mode, otherwise a warning that says
    /// what is generated `meanwhile`.
    fn undecided(
        &self,
        problem: Diagnostic,
        meanwhile: &str,
        log: &mut Log,
        problems: &mut Diagnostics,
    ) {
        if self.strict {
            problems.push(problem);
            return;
        }
        let message = format!("{}; {meanwhile}", problem.message);
        log.warn(Diagnostic { message, ..problem });
    }
}

/// What is generated for a value without a type.
const RAW: &str = "it is raw JSON";
