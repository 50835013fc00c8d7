//! Generates the files for each tag.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::layout::{Layout, SHARED};
use super::types::ident;
use super::{BUILDERS, CLIENT, MODELS, Module, OPERATIONS, client, operations, root};
use crate::api::{Api, ModelId};
use crate::print::CrateNames;

pub(super) fn modules(api: &Api, names: &CrateNames, layout: &Layout) -> Vec<Module> {
    let mut modules = vec![root(&names.client)];
    modules.extend(clients(api, names, layout));
    modules.extend(requests(api, names, layout));
    modules.extend(models(api, layout));
    modules
}

/// The client, and the methods of each tag.
fn clients(api: &Api, names: &CrateNames, layout: &Layout) -> Vec<Module> {
    let mods = layout.tagged().map(|group| {
        let (cfg, module) = (group.cfg(), ident(&group.module));
        quote!(#cfg mod #module;)
    });
    let client = client::client(api, &names.client);
    let client_type = ident(&names.client);
    let mut modules = vec![Module::new(
        "client/mod.rs",
        CLIENT,
        quote!(#(#mods)* #client),
    )];
    for group in layout.tagged() {
        let own = group.operations.iter().map(|index| &api.operations[*index]);
        let methods = client::methods(api, names, own);
        modules.push(Module::new(
            &format!("client/{}.rs", group.module),
            &group.docs("methods of the client."),
            quote!(use crate::generated::{#client_type, operations}; #methods),
        ));
    }
    modules
}

/// The request builders of each tag.
fn requests(api: &Api, names: &CrateNames, layout: &Layout) -> Vec<Module> {
    let mods = layout.tagged().map(|group| {
        let (cfg, module) = (group.cfg(), ident(&group.module));
        quote!(#cfg pub mod #module;)
    });
    let uses = layout.tagged().map(|group| {
        let (cfg, module) = (group.cfg(), ident(&group.module));
        quote!(#cfg pub use #module::*;)
    });
    let docs =
        format!("{OPERATIONS}\n\nEach tag of the document has a module, and a cargo feature.");
    let mut modules = vec![Module::new(
        "operations/mod.rs",
        &docs,
        quote!(#(#mods)* #(#uses)*),
    )];
    for group in layout.tagged() {
        let own = group.operations.iter().map(|index| &api.operations[*index]);
        let requests = own.map(|operation| operations::operation(api, &names.client, operation));
        modules.push(Module::new(
            &format!("operations/{}.rs", group.module),
            &group.docs("request builders."),
            quote!(use crate::generated::models; #(#requests)*),
        ));
    }
    modules
}

/// The models of each tag, those that several tags share, and those that no operation uses.
fn models(api: &Api, layout: &Layout) -> Vec<Module> {
    let sorted = api.sorted();
    let (mut mods, mut uses, mut builders) = (Vec::new(), Vec::new(), Vec::new());
    let mut modules = Vec::new();
    let shared = (
        SHARED,
        TokenStream::new(),
        "Models that several tags share.".to_owned(),
    );
    let groups = layout
        .groups
        .iter()
        .map(|group| (group.module.as_str(), group.cfg(), group.docs("models.")));
    for (name, cfg, docs) in [shared].into_iter().chain(groups) {
        let own: Vec<ModelId> = sorted
            .iter()
            .copied()
            .filter(|id| layout.home(*id) == name)
            .collect();
        if own.is_empty() {
            continue;
        }
        let module = ident(name);
        mods.push(quote!(#cfg pub mod #module;));
        uses.push(quote!(#cfg pub use #module::*;));
        let built = |id: &ModelId| {
            let model = api.model(*id);
            model.in_requests && model.object().is_some()
        };
        if own.iter().any(built) {
            builders.push(quote!(#cfg pub use super::#module::builder::*;));
        }
        let imported = foreign(api, layout, name, &own);
        let import = (!imported.is_empty()).then(|| {
            let names = imported.iter().map(|name| ident(name));
            quote!(use super::{#(#names),*};)
        });
        let text = super::models(api, &own, " Builders of the models that requests contain.");
        let path = format!("models/{name}.rs");
        modules.push(Module {
            imported,
            ..Module::new(&path, &docs, quote!(#import #text))
        });
    }
    let root = quote! {
        #(#mods)*
        #(#uses)*
        #[doc = #BUILDERS]
        pub mod builder {
            #(#builders)*
        }
    };
    let docs = format!(
        "{MODELS}\n\nEach tag of the document has a module, and a cargo feature; `shared` has the \
         models that several tags use."
    );
    modules.insert(0, Module::plain("models/mod.rs", &docs, root));
    modules
}

/// The models of other modules that these models refer to.
fn foreign(api: &Api, layout: &Layout, module: &str, own: &[ModelId]) -> BTreeSet<String> {
    own.iter()
        .flat_map(|id| api.model(*id).names())
        .filter(|id| layout.home(*id) != module)
        .map(|id| api.model(id).rust.clone())
        .collect()
}
