//! Request builders: setters cannot fail, everything that is missing is named at once, and the
//! tail of `send` is one way through `cobo-auth`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Fields, File, ImplItem, ImplItemFn, Item, ItemStruct, ReturnType, Type, parse_quote};

use super::docs::Docs;
use super::{Context, tree};
use crate::catalog::{self, Location};
use crate::rust_name;
use crate::stage::generate::upload::is_form;

mod chain;
mod send;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let catalog = context.catalog;
    let Some(items) = tree::module(&mut file.items, "operations") else {
        return context.refuse("there is no module of operations");
    };
    let mut out = vec![parse_quote!(
        use super::models;
    )];
    out.extend(table(catalog));
    for operation in &catalog.operations {
        match Request::read(operation, items, context) {
            Ok(request) => {
                for input in &request.inputs {
                    context
                        .shapes
                        .take(operation, &input.ident.to_string(), input.ty.clone());
                }
                match request.items() {
                    Ok(items) => out.extend(items),
                    Err(error) => context.refuse(format!("operation `{}`: {error}", operation.id)),
                }
            }
            Err(reason) => context.refuse(format!("operation `{}`: {reason}", operation.id)),
        }
    }
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

/// What the wire needs to know of each operation.
fn table(catalog: &catalog::Catalog) -> Vec<Item> {
    let entries = catalog.operations.iter().map(|operation| {
        let entry = format_ident!("{}", rust_name::entry(operation));
        let catalog::Operation { id, method, path, repeatable, bearer, .. } = operation;
        quote! {
            pub(crate) static #entry: ::cobo_auth::Operation =
                ::cobo_auth::Operation::new(#id, #method, #path).repeatable(#repeatable).bearer(#bearer);
        }
    });
    let arms = catalog.operations.iter().map(|operation| {
        let entry = format_ident!("{}", rust_name::entry(operation));
        let id = &operation.id;
        quote!(#id => ::std::option::Option::Some(&#entry))
    });
    let tokens = quote! {
        #(#entries)*

        /// The operation with this id.
        pub(crate) fn operation(id: &str) -> ::std::option::Option<&'static ::cobo_auth::Operation> {
            match id {
                #(#arms,)*
                _ => ::std::option::Option::None,
            }
        }
    };
    syn::parse2::<File>(tokens)
        .map(|file| file.items)
        .unwrap_or_default()
}

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
    /// Whether `ty` is a list, and how its items are reached.
    list: Option<TokenStream>,
    /// Whether `ty` is a model that is a number.
    number: bool,
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
    chain: chain::Chain,
    /// The model of the body, if it is sent as a form.
    form: Option<&'a catalog::Model>,
}

impl<'a> Request<'a> {
    fn read(
        operation: &'a catalog::Operation,
        items: &[Item],
        context: &Context<'a>,
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
            inputs.push(parameter_input(parameter, item, context)?);
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
            chain: chain::Chain::read(send)?,
            form: form_model(operation, context.catalog)?,
            name,
            inputs,
        })
    }

    fn items(&self) -> syn::Result<Vec<Item>> {
        let Self {
            operation,
            name,
            inputs,
            ..
        } = self;
        let docs = Docs::new()
            .paragraph(format!(
                "Builds a request of [`Client::{0}`](super::Client::{0}).",
                rust_name::method(operation)
            ))
            .tokens();
        let idents: Vec<&Ident> = inputs.iter().map(|input| &input.ident).collect();
        let client = super::request::fresh("client", &idents);
        let types = inputs.iter().map(Input::held);
        let setters = inputs.iter().map(Input::setter);
        let send = send::send(self, &client);
        let tokens = quote! {
            #docs
            #[derive(Clone, Debug)]
            #[must_use = "a request does nothing until it is sent"]
            pub struct #name<'a> {
                #client: &'a super::Client,
                #(#idents: ::std::option::Option<#types>,)*
            }
            impl<'a> #name<'a> {
                pub(crate) fn new(client: &'a super::Client) -> Self {
                    Self { #client: client, #(#idents: ::std::option::Option::None,)* }
                }
                #(#setters)*
                #send
            }
        };
        let mut items = syn::parse2::<File>(tokens)?.items;
        for item in &mut items {
            shorten_field(item);
        }
        Ok(items)
    }
}

/// `Self { client: client }` as a person would write it.
fn shorten_field(item: &mut Item) {
    use syn::visit_mut::VisitMut;
    struct Fields;
    impl VisitMut for Fields {
        fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
            if let (syn::Member::Named(name), syn::Expr::Path(value)) = (&field.member, &field.expr)
                && value.path.is_ident(name)
            {
                field.colon_token = None;
            }
        }
    }
    Fields.visit_item_mut(item);
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
    context: &Context<'_>,
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
        list: context.shapes.list(&ty),
        number: is_number_model(&ty, context),
        ty,
        place: Place::Parameter(parameter),
    })
}

fn is_number_model(ty: &Type, context: &Context<'_>) -> bool {
    let segments = tree::type_segments(ty);
    let [_, name] = segments.as_slice() else {
        return false;
    };
    let model = context.catalog.model_of_type(name);
    let ty = model.and_then(|model| model.schema.get("type")?.as_str());
    ty == Some("number")
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
        list: None,
        number: false,
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

    fn setter(&self) -> TokenStream {
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
        quote! {
            #docs
            #deprecated
            pub fn #ident(mut self, value: impl ::std::convert::Into<#held>) -> Self {
                self.#ident = ::std::option::Option::Some(value.into());
                self
            }
        }
    }
}
