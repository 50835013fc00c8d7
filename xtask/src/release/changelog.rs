//! The entry of a version in `CHANGELOG.md`.

use super::problem::Problem;

/// A version has an entry with a date. Until the release, its entry is called *Unreleased*.
pub(super) fn problems(changelog: &str, version: &str) -> Option<Problem> {
    let mut unreleased = false;
    for (title, body) in sections(changelog) {
        if let Some(date) = title
            .strip_prefix(version)
            .and_then(|rest| rest.strip_prefix(" - "))
        {
            return match (is_date(date), has_words(&body)) {
                (false, _) => Some(Problem::Fault(format!(
                    "CHANGELOG.md: the date of {version} is `{date}`: write it as 2026-12-31"
                ))),
                (true, false) => Some(Problem::Fault(format!(
                    "CHANGELOG.md: the entry of {version} is empty"
                ))),
                (true, true) => None,
            };
        }
        unreleased |= title == "Unreleased" && has_words(&body);
    }
    Some(if unreleased {
        Problem::StepMissing(format!(
            "rename `## Unreleased` in CHANGELOG.md to `## {version} - DATE`"
        ))
    } else {
        Problem::Fault(format!(
            "CHANGELOG.md has neither `## {version} - DATE` nor `## Unreleased` with changes"
        ))
    })
}

/// The title and the lines of each section of the second level.
fn sections(changelog: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections = Vec::<(&str, Vec<&str>)>::new();
    for line in changelog.lines() {
        match (line.strip_prefix("## "), sections.last_mut()) {
            (Some(title), _) => sections.push((title.trim(), Vec::new())),
            (None, Some((_, body))) => body.push(line),
            (None, None) => {}
        }
    }
    sections
}

fn has_words(body: &[&str]) -> bool {
    body.iter()
        .any(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [4, 2, 2] && text.chars().all(|c| c.is_ascii_digit() || c == '-')
}
