//! Assigns operations and models to tags: a model belongs to a tag if only its operations use it.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::api::{Api, Home, ModelId};

/// The module of models that the operations of several tags use.
pub(super) const SHARED: &str = "shared";
/// The module of models that no operation uses.
const OTHER: &str = "other";

/// A cargo feature of a generated crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// `wallets-mpc-wallets`.
    pub name: String,
    /// The features that it depends on.
    pub needs: Vec<String>,
    /// A description in one line.
    pub about: String,
}

/// A module with its own feature.
pub(super) struct Group {
    /// `wallets_mpc_wallets`.
    pub(super) module: String,
    pub(super) feature: Feature,
    /// The indices of its operations.
    pub(super) operations: Vec<usize>,
}

pub(super) struct Layout {
    pub(super) groups: Vec<Group>,
    /// The module of each model.
    homes: Vec<String>,
}

impl Group {
    /// The `cfg` attribute for items that only this group has.
    pub(super) fn cfg(&self) -> TokenStream {
        let feature = &self.feature.name;
        quote!(#[cfg(feature = #feature)])
    }

    /// The documentation at the top of a file. A group without operations only has models, and its
    /// description says so.
    pub(super) fn docs(&self, of: &str) -> String {
        let about = &self.feature.about;
        if self.operations.is_empty() {
            format!("{about}.")
        } else {
            format!("{about}: {of}")
        }
    }
}

impl Layout {
    /// The layout; `None` for a document with fewer than two tags, which needs no separate modules.
    pub(super) fn of(api: &Api) -> Option<Self> {
        if api.tags.len() < 2 {
            return None;
        }
        let mut groups: Vec<Group> = api
            .tags
            .iter()
            .map(|tag| {
                let about = tag.name.clone();
                let about = about.unwrap_or_else(|| "Operations without a tag".to_owned());
                Group {
                    feature: Feature {
                        name: tag.module.replace('_', "-"),
                        needs: Vec::new(),
                        about,
                    },
                    module: tag.module.clone(),
                    operations: tag.operations.clone(),
                }
            })
            .collect();
        let homes = api.homes().into_iter().map(|home| match home {
            Home::Tag(tag) => groups[tag].module.clone(),
            Home::Shared => SHARED.to_owned(),
            Home::Unused => OTHER.to_owned(),
        });
        let homes: Vec<String> = homes.collect();
        if homes.iter().any(|home| home == OTHER) {
            groups.push(other(api, &groups, &homes));
        }
        Some(Self { groups, homes })
    }

    pub(super) fn home(&self, id: ModelId) -> &str {
        &self.homes[id.0]
    }

    /// The groups that have operations.
    pub(super) fn tagged(&self) -> impl Iterator<Item = &Group> {
        self.groups
            .iter()
            .filter(|group| !group.operations.is_empty())
    }
}

/// The group of models that no operation uses. If such a model refers to a tag's model, the
/// group depends on that tag.
fn other(api: &Api, groups: &[Group], homes: &[String]) -> Group {
    let models = api.models.iter().zip(homes);
    let named: BTreeSet<&String> = models
        .filter(|(_, home)| *home == OTHER)
        .flat_map(|(model, _)| model.names())
        .map(|id| &homes[id.0])
        .collect();
    let needs = groups
        .iter()
        .filter(|group| named.contains(&group.module))
        .map(|group| group.feature.name.clone());
    Group {
        module: OTHER.to_owned(),
        feature: Feature {
            name: "other-models".to_owned(),
            needs: needs.collect(),
            about: "Models that no operation uses, such as webhook payloads".to_owned(),
        },
        operations: Vec::new(),
    }
}
