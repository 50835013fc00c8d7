//! Unions, and bases that are unions of their heirs.

use xtask::stage::Options;

use super::{assert_has, generate, generated, operation};

/// A document whose one operation is answered with `Root`.
fn answered_with(schemas: &str) -> String {
    operation(&format!(
        "      tags: [kept]
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/Root'}}}}}}}}}}
components:
  schemas:
{schemas}"
    ))
}

#[test]
fn base_schema_in_its_own_mapping_becomes_a_variant() {
    for parts in [
        "",
        "oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Root'}], ",
    ] {
        let it = generated(&answered_with(&format!(
            "    Root: {{type: object, {parts}required: [kind, name], properties: {{kind: {{type: string}}, name: {{type: string}}}}, discriminator: {{propertyName: kind, mapping: {{root: '#/components/schemas/Root', cat: Cat}}}}}}
    Cat: {{allOf: [{{$ref: '#/components/schemas/Root'}}, {{type: object, properties: {{lives: {{type: integer}}}}}}]}}
"
        )));
        assert_has(
            &it.files["models.rs"],
            &[
                "Cat(Cat) = \"cat\", Root(RootBase) = \"root\"",
                "RootBase { 0 kind, 1 name }",
            ],
        );
    }
}

#[test]
fn union_in_its_own_mapping_is_not_a_variant() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind, mapping: {root: '#/components/schemas/Root', more: '#/components/schemas/More', cat: '#/components/schemas/Cat'}}}
    More: {oneOf: [{$ref: '#/components/schemas/Root'}, {$ref: '#/components/schemas/Cat'}]}
    Cat: {type: object, required: [kind], properties: {kind: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Root, Unknown, \"kind\" { Cat(Cat) = \"cat\" }"],
    );
}

#[test]
fn base_schema_with_all_of_becomes_a_union_of_derived_schemas() {
    let it = generated(&answered_with(
        "    Root: {allOf: [{$ref: '#/components/schemas/Entity'}, {type: object, required: [kind], properties: {kind: {type: string}}}], discriminator: {propertyName: kind, mapping: {owl: '#/components/schemas/Owl'}}}
    Entity: {type: object, properties: {id: {type: string}}}
    Owl: {allOf: [{$ref: '#/components/schemas/Root'}, {type: object, properties: {night: {type: boolean}}}]}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Owl(Owl) = \"owl\"", "Owl { 0 id?, 1 kind, 2 night? }"],
    );
}

#[test]
fn indirectly_derived_schema_is_a_variant_of_the_base_union() {
    let it = generated(&answered_with(
        "    Root: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind}}
    Cat: {allOf: [{$ref: '#/components/schemas/Root'}, {type: object, properties: {lives: {type: integer}}}]}
    Lion: {allOf: [{$ref: '#/components/schemas/Cat'}, {type: object, properties: {mane: {type: string}}}]}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "Cat(Cat) = \"Cat\", Lion(Lion) = \"Lion\"",
            "Lion { 0 kind, 1 lives?, 2 mane? }",
        ],
    );
}

#[test]
fn derived_schema_with_a_discriminator_becomes_a_nested_union() {
    let it = generated(&answered_with(
        "    Root: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind}}
    Cat: {allOf: [{$ref: '#/components/schemas/Root'}, {type: object, properties: {lives: {type: integer}}}], discriminator: {propertyName: kind}}
    Lion: {allOf: [{$ref: '#/components/schemas/Cat'}, {type: object, properties: {mane: {type: string}}}]}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "Cat, Unknown, \"kind\" { Lion(Lion) = \"Lion\" }",
            "Root, Unknown, \"kind\" { Lion(Cat) = \"Lion\" }",
            "Lion { 0 kind, 1 lives?, 2 mane? }",
        ],
    );
}

#[test]
fn untagged_variant_is_selected_by_properties_present_in_responses() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}
    A: {type: object, required: [a, pass], properties: {a: {type: string}, pass: {type: string, writeOnly: true}}}
    B: {type: object, required: [b], properties: {b: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["A(A) = (true, [\"a\"], [\"a\", \"pass\"])"],
    );
}

/// Heirs refer to their base, and nothing refers to them.
#[test]
fn tag_filter_keeps_schemas_derived_from_a_kept_base() {
    let text = answered_with(
        "    Root: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind}}
    Cat: {allOf: [{$ref: '#/components/schemas/Root'}, {type: object, properties: {lives: {$ref: '#/components/schemas/Lives'}}}]}
    Lion: {allOf: [{$ref: '#/components/schemas/Cat'}, {type: object, properties: {mane: {type: string}}}]}
    Lives: {type: integer, enum: [7, 9]}
    Other: {type: object, properties: {x: {type: string}}}
",
    );
    let options = Options {
        tags: vec!["kept".to_owned()],
        ..Options::default()
    };
    let it = generate(&text, &options).unwrap_or_else(|problems| panic!("{problems}"));
    let models: Vec<&str> = it
        .api
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    for name in ["Root", "Cat", "Lion", "Lives"] {
        assert!(models.contains(&name), "{name} in {models:?}");
    }
    assert!(!models.contains(&"Other"));
}

#[test]
fn alias_variant_is_selected_by_the_properties_of_its_target() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/Other'}, {$ref: '#/components/schemas/B'}]}
    A: {type: object, required: [id], properties: {id: {type: string}, a: {type: string}}}
    Other: {$ref: '#/components/schemas/A'}
    B: {type: object, required: [id], properties: {id: {type: string}, b: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Other(Other) = (true, [\"id\"], [\"id\", \"a\"])"],
    );
}

/// Writing the union must not replace what a caller set by the tag of the mapping.
#[test]
fn discriminator_values_unique_to_a_variant_enum_are_written_unchanged() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}, {$ref: '#/components/schemas/Bird'}], discriminator: {propertyName: kind, mapping: {cat: Cat, dog: Dog}}}
    Cat: {type: object, required: [kind], properties: {kind: {type: string, enum: [kitten, cat, dog, both, owl]}}}
    Dog: {type: object, required: [kind], properties: {kind: {type: string, enum: [dog, both]}}}
    Bird: {type: object, required: [kind], properties: {kind: {type: string, enum: [owl]}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Cat(Cat) = \"cat\" keeps \"kitten\", Dog(Dog) = \"dog\", Owl(Bird) = \"owl\""],
    );
}

#[test]
fn discriminator_values_of_a_nested_union_are_kept() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, mapping: {cat: Cat, dog: Dog}}}
    Cat: {oneOf: [{$ref: '#/components/schemas/Lion'}, {$ref: '#/components/schemas/Puma'}], discriminator: {propertyName: kind, mapping: {lion: Lion, puma: Puma}}}
    Lion: {type: object, required: [kind], properties: {kind: {type: string}}}
    Puma: {type: object, required: [kind], properties: {kind: {type: string}}}
    Dog: {type: object, required: [kind], properties: {kind: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Cat(Cat) = \"cat\" keeps \"lion\" | \"puma\""],
    );
}

#[test]
fn scalars_of_different_json_types_become_union_variants() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{type: string}, {type: integer}, {type: boolean}, {type: array, items: {type: string}}, {$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}
    A: {type: object, required: [a], properties: {a: {type: string}}}
    B: {type: object, required: [b], properties: {b: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "RootVariant1(RootVariant1) = (false, [], [])",
            "RootVariant4(RootVariant4) = (false, [], [])",
            "B(B) = (true, [\"b\"], [\"b\"])",
            "pub struct RootVariant2(pub i64)",
        ],
    );
}

#[test]
fn union_scalars_of_the_same_json_type_become_raw_json() {
    for (parts, reason) in [
        (
            "{type: string}, {type: string, enum: [a]}, {type: boolean}",
            "RootVariant2 and another variant are both of the JSON type string",
        ),
        (
            "{type: number}, {type: integer}, {type: boolean}",
            "RootVariant2 and another variant are both of the JSON type number",
        ),
        ("{type: string}, {}", "RootVariant2 may be of any JSON type"),
    ] {
        let it = generated(&answered_with(&format!("    Root: {{oneOf: [{parts}]}}\n")));
        let said: Vec<String> = it.log.warnings().iter().map(ToString::to_string).collect();
        assert!(
            said.iter().any(|said| said.contains(reason)),
            "{parts}: {said:?}"
        );
    }
}

#[test]
fn each_tag_of_equal_variants_selects_another_copy() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/One'}, {$ref: '#/components/schemas/Copy'}, {$ref: '#/components/schemas/Other'}], discriminator: {propertyName: kind, mapping: {three: '#/components/schemas/Three', two: '#/components/schemas/Two', second: '#/components/schemas/Two', one: '#/components/schemas/One'}}}
    One: {type: object, required: [kind], properties: {kind: {type: string}}}
    Two: {type: object, required: [kind], properties: {kind: {type: string}}}
    Three: {type: object, required: [kind], properties: {kind: {type: string}}}
    Copy: {type: object, required: [kind], properties: {kind: {type: string}}}
    Other: {type: object, required: [kind], properties: {kind: {type: string}}}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "One(One) = \"one\"",
            "Three(Copy) = \"three\"",
            "Other(Other) = \"two\" | \"second\"",
        ],
    );
}

#[test]
fn tag_of_an_equal_schema_does_not_select_the_variant_of_another_tag() {
    let it = generated(&answered_with(
        "    Root: {oneOf: [{$ref: '#/components/schemas/Copy'}, {$ref: '#/components/schemas/Two'}], discriminator: {propertyName: kind, mapping: {one: '#/components/schemas/One', two: '#/components/schemas/Two'}}}
    One: {type: object, required: [kind], properties: {kind: {$ref: '#/components/schemas/Kind'}}}
    Two: {type: object, required: [kind], properties: {kind: {$ref: '#/components/schemas/Kind'}}}
    Copy: {type: object, required: [kind], properties: {kind: {type: string, enum: [two, one]}}}
    Kind: {type: string, enum: [one, two]}
",
    ));
    assert_has(
        &it.files["models.rs"],
        &["Two(Two) = \"two\"", "One(One) = \"one\""],
    );
}
