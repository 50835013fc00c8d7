//! Records what a run did in each stage, for people and for `--report`.

use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stage::Stage;

/// Records the changes that stages make.
#[derive(Debug, Clone, Default)]
pub struct Log {
    changes: Vec<(Stage, String)>,
    raw: Vec<String>,
    warnings: Diagnostics,
}

impl Log {
    /// Records something that a person should look at or decide.
    pub fn warn(&mut self, problem: Diagnostic) {
        self.warnings.push(problem.as_warning());
    }

    /// The warnings, in the order in which they were found.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Records a change by `stage` that a reader of the document would want to know.
    pub fn change(&mut self, stage: Stage, text: impl Into<String>) {
        self.changes.push((stage, text.into()));
    }

    /// Records that the value at `pointer` is raw JSON in the generated crate.
    pub fn raw(&mut self, pointer: impl Into<String>) {
        let pointer = pointer.into();
        if !self.raw.contains(&pointer) {
            self.raw.push(pointer);
        }
    }

    /// The changes of one stage, in their order.
    pub fn changes(&self, stage: Stage) -> impl Iterator<Item = &str> {
        self.changes
            .iter()
            .filter(move |(of, _)| *of == stage)
            .map(|(_, text)| text.as_str())
    }

    pub fn raw_pointers(&self) -> &[String] {
        &self.raw
    }
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub log: Log,
    operation_ids: Vec<String>,
    models: usize,
}

impl Report {
    /// Adds the operations and models of `api` to the report.
    pub fn found(&mut self, api: &Api) {
        self.operation_ids
            .extend(api.operations.iter().map(|operation| operation.id.clone()));
        self.models += api.models.len();
    }

    /// The contents of the `--report` file.
    pub fn render(&self, errors: &Diagnostics) -> String {
        let stages: Map<String, Value> = Stage::ALL
            .into_iter()
            .map(|stage| {
                let changes: Vec<&str> = self.log.changes(stage).collect();
                (stage.name().to_owned(), json!(changes))
            })
            .collect();
        let report = json!({
            "operations": self.operation_ids.len(),
            "operation_ids": self.operation_ids,
            "models": self.models,
            "errors": errors.iter().map(Diagnostic::json).collect::<Vec<_>>(),
            "warnings": self.log.warnings.iter().map(Diagnostic::json).collect::<Vec<_>>(),
            "stages": stages,
            "raw": self.log.raw_pointers(),
        });
        format!("{report:#}\n")
    }
}
