//! The links and tables of the reference pages.

use std::collections::BTreeMap;

use super::{hostile, oauth, single, tiny};

#[test]
fn every_local_reference_link_has_an_existing_target() {
    for pages in [tiny(), single(), oauth(), hostile()] {
        let anchors: BTreeMap<&str, Vec<String>> = pages
            .iter()
            .map(|(name, text)| (name.as_str(), anchors(text)))
            .collect();
        let mut found = 0;
        for (name, text) in &pages {
            for target in links(text) {
                if target.contains("://") {
                    continue;
                }
                found += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
                let file = if file.is_empty() { name } else { file };
                let known = anchors.get(file);
                assert!(known.is_some(), "{name}: there is no page for {target}");
                let exists = anchor.is_empty()
                    || known.is_some_and(|known| known.iter().any(|other| other == anchor));
                assert!(exists, "{name}: there is no anchor for {target}");
            }
        }
        assert!(found > pages.len() * 3);
    }
}

#[test]
fn all_rows_of_a_reference_table_have_the_same_number_of_columns() {
    for (name, text) in tiny().into_iter().chain(oauth()).chain(hostile()) {
        let mut columns = None;
        for line in prose(&text) {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            let bars = line.replace("\\|", "").matches('|').count();
            assert!(line.ends_with('|'), "{name}: {line}");
            assert_eq!(*columns.get_or_insert(bars), bars, "{name}: {line}");
        }
    }
}

/// The lines that are not in a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// The targets of links. Code spans have none.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let text: Vec<&str> = line.split("](").skip(1).collect();
        let targets = text.iter().filter_map(|rest| rest.split(')').next());
        found.extend(targets.filter(|target| *target != "x").map(str::to_owned));
    }
    found
}

/// The anchors of a page: of its headings, and those that it sets itself.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in prose(text) {
        for id in line.split("<a id=\"").skip(1) {
            found.extend(id.split('"').next().map(str::to_owned));
        }
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug: String = title
            .trim()
            .to_lowercase()
            .replace(' ', "-")
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect();
        let same = found.iter().filter(|other| **other == slug).count();
        found.push(if same == 0 {
            slug
        } else {
            format!("{slug}-{same}")
        });
    }
    found
}
