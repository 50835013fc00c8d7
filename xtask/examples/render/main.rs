//! Writes a document as another tool would. `.ci/equivalent-forms` generates crates from all forms.
//!
//!     cargo run --package xtask --example render -- FORM FILE >rendered.json
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "it is a program")]

use std::path::Path;
use std::process::ExitCode;

use xtask::stage::{Options, load};

mod forms;

use forms::FORMS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = arguments.as_slice() else {
        eprintln!("usage: render FORM FILE");
        return ExitCode::from(2);
    };
    let Some((_, render)) = FORMS.iter().find(|(known, _)| known == name) else {
        let known = FORMS.map(|(name, _)| name).join(", ");
        eprintln!("unknown form {name}; the forms are {known}");
        return ExitCode::from(2);
    };
    match load::run(Path::new(file), file, &Options::default()) {
        Ok(document) => {
            println!("{}", render(&document.root));
            ExitCode::SUCCESS
        }
        Err(refusals) => {
            for refusal in refusals.iter() {
                eprintln!("{refusal}");
            }
            ExitCode::FAILURE
        }
    }
}
