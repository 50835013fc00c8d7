//! Checks what is about to be written: that nothing of the document got lost on the way, and
//! nothing stands in it that must not.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, Fields, File, ImplItem, ImplItemFn, Item, Lit, Visibility};

use super::postprocess::tree;
use crate::catalog::{Catalog, Model};
use crate::refusal::{Refusal, Refusals};
use crate::rust_name;

pub fn run(files: &BTreeMap<String, String>, catalog: &Catalog) -> Result<(), Refusals> {
    let mut found = Found::default();
    let mut refusals = Refusals::default();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".rs")) {
        match syn::parse_file(text) {
            Ok(file) => found.read(&file),
            Err(error) => refusals.push(Refusal::of_file(
                name.as_str(),
                format!("this is not Rust: {error}"),
            )),
        }
        if std::mem::take(&mut found.versioned) {
            refusals.push(Refusal::of_file(
                name.as_str(),
                "it sends an `api-version` header",
            ));
        }
    }
    let reasons = found
        .foreign
        .iter()
        .cloned()
        .chain(operations(catalog, &found))
        .chain(
            catalog
                .models
                .iter()
                .flat_map(|model| self::model(model, &found)),
        );
    refusals.extend(reasons.map(|reason| Refusal::of_file("generated code", reason)));
    refusals.or(())
}

fn operations(catalog: &Catalog, found: &Found) -> Vec<String> {
    let mut reasons = Vec::new();
    for operation in &catalog.operations {
        let (method, request) = (rust_name::method(operation), rust_name::request(operation));
        let parts = [
            (
                found.has_method("Client", &method),
                format!("`Client::{method}`"),
            ),
            (
                found.has_method(&request, "send"),
                format!("`{request}::send`"),
            ),
            (
                found.statics.contains(&rust_name::entry(operation)),
                "entry in the table of operations".to_owned(),
            ),
        ];
        let missing = parts.into_iter().filter(|(there, _)| !there);
        reasons
            .extend(missing.map(|(_, part)| format!("operation `{}` has no {part}", operation.id)));
    }
    reasons
}

fn model(model: &Model, found: &Found) -> Vec<String> {
    let name = rust_name::model(&model.name);
    if !found.types.contains(&name) {
        return vec![format!("schema `{}` has no model", model.name)];
    }
    model
        .fields
        .iter()
        .filter(|field| field.secret)
        .filter_map(|field| {
            let rust = rust_name::field(&field.name);
            let ty = found.fields.get(&(name.clone(), rust.clone()))?;
            (!ty.contains("Secret"))
                .then(|| format!("`{name}.{rust}` is a secret, its type is not"))
        })
        .collect()
}

#[derive(Default)]
struct Found {
    types: BTreeSet<String>,
    statics: BTreeSet<String>,
    /// By type and name.
    methods: BTreeSet<(String, String)>,
    /// The types of public fields, by the names of struct and field.
    fields: BTreeMap<(String, String), String>,
    /// Whether the file that was read last sends progenitor's `api-version` header.
    versioned: bool,
    /// Public signatures that name what must stay inside.
    foreign: Vec<String>,
}

impl Found {
    fn has_method(&self, ty: &str, name: &str) -> bool {
        self.methods.contains(&(ty.to_owned(), name.to_owned()))
    }

    fn read(&mut self, file: &File) {
        self.visit_file(file);
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Struct(item) => {
                self.types.insert(item.ident.to_string());
                if let Fields::Named(fields) = &item.fields {
                    for field in &fields.named {
                        if let (Some(name), Visibility::Public(_)) = (&field.ident, &field.vis) {
                            let key = (item.ident.to_string(), name.to_string());
                            self.fields
                                .insert(key, field.ty.to_token_stream().to_string());
                        }
                    }
                }
            }
            Item::Enum(item) => {
                self.types.insert(item.ident.to_string());
            }
            Item::Type(item) => {
                self.types.insert(item.ident.to_string());
            }
            Item::Static(item) => {
                self.statics.insert(item.ident.to_string());
            }
            Item::Impl(implementation) => {
                let name = tree::impl_target(item).unwrap_or_default();
                for item in &implementation.items {
                    if let ImplItem::Fn(function) = item {
                        self.methods
                            .insert((name.clone(), function.sig.ident.to_string()));
                    }
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    /// `HeaderName::from_static("api-version")`: the document may have these words anywhere.
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let makes_name = match &*call.func {
            Expr::Path(function) => function.path.segments.last(),
            _ => None,
        };
        if makes_name.is_some_and(|segment| segment.ident == "from_static")
            && let Some(Expr::Lit(name)) = call.args.first()
            && let Lit::Str(name) = &name.lit
        {
            self.versioned |= name.value() == "api-version";
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        let signature = function.sig.to_token_stream().to_string();
        let words: Vec<&str> = signature
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        if matches!(function.vis, Visibility::Public(_))
            && ["progenitor_client", "ResponseValue"]
                .iter()
                .any(|word| words.contains(word))
        {
            self.foreign.push(format!(
                "`{}` shows a type of progenitor's",
                function.sig.ident
            ));
        }
        visit::visit_impl_item_fn(self, function);
    }
}
