//! Request builders: setters that cannot fail, around a draft of the request. What is missing, how
//! values are written and how a request is made of them is known to `cobo-auth`, once.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{Fields, File, ImplItem, ImplItemFn, Item, ItemStruct, ReturnType, Type, parse_quote};

use super::docs::Docs;
use super::fresh::fresh;
use super::pages::{Paging, Structs};
use super::{Context, tree};
use crate::catalog::{self, Location};
use crate::rust_name;
use crate::stage::generate::upload::is_form;

mod send;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let catalog = context.catalog;
    let structs = Structs::of(file);
    let Some(items) = tree::module(&mut file.items, "operations") else {
        return context.refuse("there is no module of operations");
    };
    let mut out = vec![parse_quote!(
        use super::models;
    )];
    let mut entries = Vec::new();
    for operation in &catalog.operations {
        match Request::read(operation, items, context, &structs) {
            Ok(request) => {
                for input in &request.inputs {
                    context
                        .shapes
                        .take(operation, &input.ident.to_string(), input.ty.clone());
                }
                entries.push(request.entry.clone());
                match request.items() {
                    Ok(items) => out.extend(items),
                    Err(error) => context.refuse(format!("operation `{}`: {error}", operation.id)),
                }
            }
            Err(reason) => context.refuse(format!("operation `{}`: {reason}", operation.id)),
        }
    }
    out.push(parse_quote! {
        /// The operations that are here.
        pub(crate) static ENDPOINTS: &[&::cobo_auth::codegen::Endpoint] = &[#(&#entries),*];
    });
    out.push(parse_quote! {
        /// The operation with this id: its method, its path, and the scopes that it needs.
        pub fn operation(
            id: &str,
        ) -> ::std::option::Option<&'static ::cobo_auth::Operation> {
            ::cobo_auth::codegen::find(&[ENDPOINTS], id)
        }
    });
    *items = out;
    for item in &mut file.items {
        if let Item::Mod(module) = item
            && module.ident == "operations"
        {
            module.attrs = Docs::new()
                .paragraph("A request builder for each operation, and the table of operations.")
                .attributes();
        }
    }
}

/// The setters of every builder that are not of the request but of the call.
const CALL_OPTIONS: [&str; 3] = ["repeatable", "credential", "without_credential"];

/// Where an input goes.
enum Place<'a> {
    Parameter(&'a catalog::Parameter),
    /// A model that has a builder, and so is built when the request is sent.
    Builder(&'a catalog::Body),
    /// Any other body.
    Body(&'a catalog::Body),
}

/// A value that a request takes.
struct Input<'a> {
    ident: Ident,
    /// The name in the document; of a body, the setter's.
    name: String,
    required: bool,
    /// What is sent: the model and not its builder.
    ty: Type,
    place: Place<'a>,
}

/// An operation as progenitor wrote it, read for writing it anew.
struct Request<'a> {
    operation: &'a catalog::Operation,
    name: Ident,
    entry: Ident,
    inputs: Vec<Input<'a>>,
    /// The type of the decoded body.
    success: Type,
    /// The model of the body, if it is sent as a form.
    form: Option<&'a catalog::Model>,
    /// How its list comes in pages, if it does.
    paging: Option<Paging>,
}

impl<'a> Request<'a> {
    fn read(
        operation: &'a catalog::Operation,
        items: &[Item],
        context: &Context<'a>,
        structs: &Structs,
    ) -> Result<Self, String> {
        let name = format_ident!("{}", rust_name::request(operation));
        let item = items
            .iter()
            .find_map(|item| match item {
                Item::Struct(item) if item.ident == name => Some(item),
                _ => None,
            })
            .ok_or("progenitor wrote no builder")?;
        let send = send_of(items, &name).ok_or("progenitor wrote no `send`")?;
        let mut inputs = Vec::new();
        for parameter in &operation.parameters {
            inputs.push(parameter_input(parameter, item)?);
        }
        if let Some(body) = &operation.body {
            inputs.push(body_input(operation, body, item)?);
        }
        let expected = item.fields.len().saturating_sub(1);
        if inputs.len() != expected {
            return Err(format!(
                "{} inputs are known, and {expected} written",
                inputs.len()
            ));
        }
        Ok(Self {
            operation,
            entry: format_ident!("{}", rust_name::entry(operation)),
            success: success(send).ok_or("the type of its response is not known")?,
            form: form_model(operation, context.catalog)?,
            paging: structs.paging(operation),
            name,
            inputs,
        })
    }

    fn items(&self) -> syn::Result<Vec<Item>> {
        let Self { name, inputs, .. } = self;
        let entry = &self.entry;
        let endpoint = self.endpoint();
        let setters = inputs
            .iter()
            .enumerate()
            .map(|(index, input)| input.setter(index));
        let send = send::send(self);
        let pages = send::pages(self);
        let method = format_ident!("{}", rust_name::method(self.operation));
        let body = self.body().map(|body| {
            let ty = body.held();
            quote!(, #ty)
        });
        let options = self.options();
        let tokens = quote! {
            #endpoint

            ::cobo_auth::codegen::request!(#name, #entry, #method #body #options);

            impl #name<'_> {
                #(#setters)*
                #send
                #pages
            }
        };
        Ok(syn::parse2::<File>(tokens)?.items)
    }

    /// The names of the setters of the call, where a parameter has one of the usual names.
    fn options(&self) -> Option<TokenStream> {
        let taken: Vec<&Ident> = self.inputs.iter().map(|input| &input.ident).collect();
        let names = CALL_OPTIONS.map(|name| fresh(name, &taken));
        let usual = names
            .iter()
            .zip(CALL_OPTIONS)
            .all(|(name, usual)| name == usual);
        (!usual).then(|| quote!(; #(#names),*))
    }

    /// The input that is the body.
    fn body(&self) -> Option<&Input<'a>> {
        self.inputs
            .iter()
            .find(|input| !matches!(input.place, Place::Parameter(_)))
    }

    /// What the wire needs to know of the operation.
    fn endpoint(&self) -> TokenStream {
        let entry = &self.entry;
        let catalog::Operation {
            id, method, path, ..
        } = self.operation;
        let repeatable = self.operation.repeatable.then(|| quote!(.repeatable()));
        let scopes = &self.operation.scopes;
        let needs = (!scopes.is_empty()).then(|| quote!(.needs(&[#(#scopes),*])));
        let credential = (!self.operation.credential).then(|| quote!(.without_credential()));
        let inputs = self.inputs.iter().filter_map(|input| {
            let Place::Parameter(parameter) = input.place else {
                return None;
            };
            let name = &input.name;
            let required = input.required.then(|| quote!(.required()));
            let secret = has_secret(&input.ty).then(|| quote!(.secret()));
            Some(match parameter.location {
                Location::Path => quote!(::cobo_auth::codegen::Input::path(#name) #secret),
                Location::Query => {
                    quote!(::cobo_auth::codegen::Input::query(#name) #required #secret)
                }
                Location::Header => {
                    quote!(::cobo_auth::codegen::Input::header(#name) #required #secret)
                }
            })
        });
        let body = self.body().map(|body| {
            let (name, required) = (&body.name, body.required);
            quote!(.body(#name, #required))
        });
        let json = (!self.is_json()).then(|| quote!(.not_json()));
        quote! {
            static #entry: ::cobo_auth::codegen::Endpoint =
                ::cobo_auth::codegen::Endpoint::new(#id, #method, #path, &[#(#inputs),*])
                    #repeatable #needs #credential #body #json;
        }
    }

    /// Whether what comes back is JSON.
    fn is_json(&self) -> bool {
        self.success != parse_quote!(()) && self.success != parse_quote!(::cobo_auth::Body)
    }
}

fn has_secret(ty: &Type) -> bool {
    use quote::ToTokens;
    let text = ty.to_token_stream().to_string();
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| word == "Secret")
}

fn send_of<'a>(items: &'a [Item], name: &Ident) -> Option<&'a ImplItemFn> {
    items
        .iter()
        .filter(|item| tree::impl_target(item).is_some_and(|target| *name == target))
        .find_map(|item| match item {
            Item::Impl(item) => item.items.iter().find_map(|item| match item {
                ImplItem::Fn(function) if function.sig.ident == "send" => Some(function),
                _ => None,
            }),
            _ => None,
        })
}

fn form_model<'a>(
    operation: &catalog::Operation,
    catalog: &'a catalog::Catalog,
) -> Result<Option<&'a catalog::Model>, String> {
    let Some(body) = operation.body.as_ref().filter(|_| is_form(operation)) else {
        return Ok(None);
    };
    let model = catalog.models.iter().find(|model| model.name == body.model);
    match model.filter(|model| model.kind == catalog::Kind::Object) {
        Some(model) => Ok(Some(model)),
        None => Err("its form is no object".to_owned()),
    }
}

/// `T` of `Result<ResponseValue<T>, ..>`; bytes where progenitor would give a stream of them.
fn success(send: &ImplItemFn) -> Option<Type> {
    let ReturnType::Type(_, ty) = &send.sig.output else {
        return None;
    };
    let ty = tree::argument_of(tree::argument_of(ty, "Result")?, "ResponseValue")?;
    if tree::type_segments(ty) == ["ByteStream"] {
        return Some(parse_quote!(::cobo_auth::Body));
    }
    Some(ty.clone())
}

fn field_type<'a>(item: &'a ItemStruct, name: &str) -> Result<&'a Type, String> {
    let Fields::Named(fields) = &item.fields else {
        return Err("its builder has no fields".into());
    };
    fields
        .named
        .iter()
        .find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
        .and_then(|field| tree::argument_of(&field.ty, "Result"))
        .ok_or_else(|| format!("its builder has no field `{name}`"))
}

fn parameter_input<'a>(
    parameter: &'a catalog::Parameter,
    item: &ItemStruct,
) -> Result<Input<'a>, String> {
    let name = rust_name::parameter(parameter);
    let ty = field_type(item, &name)?;
    let inner = tree::argument_of(ty, "Option");
    // A nullable query parameter is optional, whatever else the document says of it.
    let ty = inner.unwrap_or(ty).clone();
    Ok(Input {
        ident: format_ident!("{name}"),
        name: parameter.name.clone(),
        required: inner.is_none(),
        ty,
        place: Place::Parameter(parameter),
    })
}

fn body_input<'a>(
    operation: &catalog::Operation,
    body: &'a catalog::Body,
    item: &ItemStruct,
) -> Result<Input<'a>, String> {
    let ty = field_type(item, "body")?;
    let mut segments = tree::type_segments(ty);
    let name = rust_name::body(operation, &body.model);
    let (ty, place): (Type, Place<'a>) = if segments.len() == 3 && segments[1] == "builder" {
        let model = format_ident!("{}", segments.remove(2));
        (parse_quote!(models::#model), Place::Builder(body))
    } else {
        (ty.clone(), Place::Body(body))
    };
    Ok(Input {
        ident: format_ident!("{name}"),
        name,
        required: body.required,
        ty,
        place,
    })
}

impl Input<'_> {
    /// What is held until the request is sent.
    fn held(&self) -> Type {
        let ty = &self.ty;
        match (&self.place, tree::type_segments(ty).last()) {
            (Place::Builder(_), Some(model)) => {
                let model = format_ident!("{model}");
                parse_quote!(models::builder::#model)
            }
            _ => ty.clone(),
        }
    }

    fn setter(&self, index: usize) -> TokenStream {
        let Self { ident, .. } = self;
        let (description, deprecated) = match self.place {
            Place::Parameter(parameter) => (parameter.description.as_deref(), parameter.deprecated),
            Place::Builder(body) | Place::Body(body) => (body.description.as_deref(), false),
        };
        let what = match self.place {
            Place::Parameter(parameter) => match parameter.location {
                Location::Path => "path parameter",
                Location::Query => "query parameter",
                Location::Header => "header",
            },
            Place::Builder(_) | Place::Body(_) => "body",
        };
        let docs = Docs::new()
            .described(description)
            .or(format!("The {what} `{}`.", self.name))
            .when(
                matches!(self.place, Place::Builder(_)),
                "Takes the model, or its builder as far as it has been filled in.",
            )
            .when(self.required, "Required.")
            .tokens();
        let deprecated = super::attribute::deprecated(deprecated);
        let held = self.held();
        let set = match self.place {
            Place::Parameter(_) => {
                let index = Literal::usize_unsuffixed(index);
                quote!(self.draft.set::<#held>(#index, value);)
            }
            Place::Builder(_) | Place::Body(_) => quote!(self.draft.set_body(value.into());),
        };
        quote! {
            #docs
            #deprecated
            pub fn #ident(mut self, value: impl ::std::convert::Into<#held>) -> Self {
                #set
                self
            }
        }
    }
}
