//! Says what a run found, in a screen.

use serde_json::Value;

use super::inventory;
use super::join::Missing;
use super::words::Words;
use crate::console::Reporter;

/// The lines of each list, unless everything is listed.
const LINES: usize = 8;

/// Lists what the document has that its predecessor did not have, and the reverse.
pub(super) fn changes(old: Option<&Value>, new: &Value, verbose: bool, console: &mut dyn Reporter) {
    let Some(old) = old else {
        console.line(&"new: everything, since there was no document");
        return;
    };
    let (old, new) = (inventory::of(old), inventory::of(new));
    list("new", &inventory::only(&new, &old), verbose, console);
    list("gone", &inventory::only(&old, &new), verbose, console);
}

/// Lists the places without texts and the texts without a place.
pub(super) fn words(words: &Words, missing: &[Missing], verbose: bool, console: &mut dyn Reporter) {
    let missing: Vec<String> = missing
        .iter()
        .map(|missing| format!("{}: write {}", missing.pointer, missing.address))
        .collect();
    list("no words yet", &missing, verbose, console);
    let unused: Vec<String> = words
        .unused()
        .map(|(address, word)| {
            let line = word.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{}{line}: delete or rename {address}", word.file)
        })
        .collect();
    list("words without a place", &unused, verbose, console);
}

fn list<T: AsRef<str>>(title: &str, lines: &[T], verbose: bool, console: &mut dyn Reporter) {
    console.line(&format_args!("{title}: {}", lines.len()));
    let shown = if verbose { lines.len() } else { LINES };
    for line in lines.iter().take(shown) {
        console.line(&format_args!("  {}", line.as_ref()));
    }
    if lines.len() > shown {
        let left = lines.len() - shown;
        console.line(&format_args!("  … and {left} more: --verbose lists them"));
    }
}
