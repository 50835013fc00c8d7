//! The calls with which progenitor builds a request.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprMethodCall, ImplItemFn, Stmt};

/// `client.client.get(url).header(..).query(..)`, taken apart.
pub(super) struct Chain {
    /// `get`, the call that makes a request of the client.
    pub(super) method: syn::Ident,
    pub(super) calls: Vec<ExprMethodCall>,
}

impl Chain {
    /// Finds the statement whose value ends in `.build()?`.
    pub(super) fn read(send: &ImplItemFn) -> Result<Self, String> {
        let last = send
            .block
            .stmts
            .iter()
            .find_map(|statement| match statement {
                Stmt::Local(local) => match local.init.as_ref()?.expr.as_ref() {
                    Expr::Try(tried) => match tried.expr.as_ref() {
                        Expr::MethodCall(call) if call.method == "build" => Some(call),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            })
            .ok_or("progenitor wrote no request")?;
        let mut calls = Vec::new();
        let mut expression = last.receiver.as_ref();
        while let Expr::MethodCall(call) = expression {
            calls.push(call.clone());
            expression = call.receiver.as_ref();
        }
        if !matches!(expression, Expr::Field(_)) {
            return Err(format!(
                "`{}` is no way to begin a request",
                expression.to_token_stream()
            ));
        }
        calls.reverse();
        if calls.is_empty() {
            return Err("progenitor's request has no method".to_owned());
        }
        let method = calls.remove(0).method;
        Ok(Self { method, calls })
    }
}

/// A call as it stands in the chain, without what it is called on.
pub(super) fn call(call: &ExprMethodCall) -> TokenStream {
    let ExprMethodCall { method, args, .. } = call;
    quote!(.#method(#args))
}
