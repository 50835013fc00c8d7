//! Builders that take builders: missing fields of all levels are reported together.

#![allow(clippy::unwrap_used)] // a panic fails the test

use cobo_model::{IntoBody, PartialModel};
use models::{Mpc, Output, Source, Transfer};

#[allow(missing_docs, unreachable_pub)] // as generated code has it
mod models {
    use serde_json::Value;

    #[derive(Clone, Debug)]
    pub struct Transfer {
        pub id: String,
        pub source: Source,
        pub outputs: Vec<Output>,
    }
    cobo_model::model! { Transfer { 0 id, 1 source, 2 outputs } }

    #[derive(Clone, Debug)]
    pub struct Output {
        pub address: String,
        pub amount: String,
    }
    cobo_model::model! { Output { 0 address, 1 amount } }

    #[derive(Clone, Debug)]
    pub struct Mpc {
        pub kind: String,
        pub wallet_id: String,
    }
    cobo_model::model! { Mpc { 0 kind, 1 wallet_id } }

    #[derive(Clone)]
    pub enum Source {
        Mpc(Box<Mpc>),
        Unknown(Value),
    }
    cobo_model::tagged_union! { Source, Unknown, "kind" { Mpc(Mpc) = "MPC" } }
    cobo_model::union_from! { Source { Mpc(Mpc, builder::Mpc) } }

    pub mod builder {
        cobo_model::builder!(Transfer);
        cobo_model::builder!(Output);
        cobo_model::builder!(Mpc { 0 kind = "MPC" });

        impl Transfer {
            pub fn id(mut self, value: impl Into<String>) -> Self {
                self.0.set(0).id = value.into();
                self
            }

            pub fn source(mut self, value: impl cobo_model::IntoField<super::Source>) -> Self {
                let value = self.0.nested(1, value);
                self.0.set(1).source = value;
                self
            }

            pub fn outputs(
                mut self,
                value: impl IntoIterator<Item = impl cobo_model::IntoField<super::Output>>,
            ) -> Self {
                let value = self.0.nested_list(2, value);
                self.0.set(2).outputs = value;
                self
            }
        }

        impl Output {
            pub fn address(mut self, value: impl Into<String>) -> Self {
                self.0.set(0).address = value.into();
                self
            }

            pub fn amount(mut self, value: impl Into<String>) -> Self {
                self.0.set(1).amount = value.into();
                self
            }
        }

        impl Mpc {
            pub fn wallet_id(mut self, value: impl Into<String>) -> Self {
                self.0.set(1).wallet_id = value.into();
                self
            }
        }
    }
}

fn output() -> models::builder::Output {
    Output::builder().address("0x1").amount("1.5")
}

#[test]
fn builder_reports_missing_fields_of_all_levels_by_path() {
    let transfer = Transfer::builder()
        .source(Mpc::builder())
        .outputs([output(), Output::builder().address("0x2")]);
    let missing = transfer.clone().build().unwrap_err();
    assert_eq!(
        missing.names(),
        ["id", "source.wallet_id", "outputs[1].amount"]
    );
    let shown = format!("{transfer:?}");
    assert!(shown.contains("outputs[1].amount"), "{shown}");
}

#[test]
fn setting_a_field_again_clears_its_missing_fields() {
    let transfer = Transfer::builder()
        .id("t")
        .source(Mpc::builder())
        .source(Mpc::builder().wallet_id("w"))
        .outputs([Output::builder()])
        .outputs([output()]);
    assert_eq!(transfer.build().unwrap().outputs[0].amount, "1.5");
}

#[test]
fn field_takes_a_model_a_variant_a_union_and_their_builders() {
    let mpc = || Mpc::builder().wallet_id("w");
    let build = |transfer: models::builder::Transfer| {
        let transfer = transfer.id("t").outputs(vec![output()]).build().unwrap();
        serde_json::to_value(transfer).unwrap()
    };
    let of_builder = build(Transfer::builder().source(mpc()));
    let of_variant = build(Transfer::builder().source(mpc().build().unwrap()));
    let of_union = build(Transfer::builder().source(Source::from(mpc().build().unwrap())));
    assert_eq!(of_builder, of_variant);
    assert_eq!(of_builder, of_union);
    assert_eq!(
        of_builder["source"],
        serde_json::json!({"kind": "MPC", "wallet_id": "w"})
    );
}

#[test]
fn clearing_a_field_clears_its_missing_fields() {
    let mut transfer = cobo_model::ModelBuilder::<Transfer>::default();
    let source = transfer.nested(1, Mpc::builder());
    transfer.set(1).source = source;
    transfer.clear(1);
    assert_eq!(transfer.build().unwrap_err().names(), ["id", "outputs"]);
}

#[test]
fn union_body_reports_missing_fields_of_its_variant() {
    let body = PartialModel::<Source>::of(Mpc::builder());
    let missing = IntoBody::build(body).unwrap_err();
    assert_eq!(missing.names(), ["wallet_id"]);
}
