//! The decision that a warning names mends the document.

use xtask::decisions::Decisions;
use xtask::stage::Options;

use super::{HEAD, generate, generated, operation, warnings_with};

/// The entries for `--decisions` that a warning names, each with the placeholders filled in.
fn suggested(warning: &str, fill: &[(&str, &str)]) -> Vec<String> {
    let entries = warning.split("`--decisions`: ").skip(1);
    let entry = |rest: &str| {
        let (entry, _) = rest.split_once(", reason: ").unwrap();
        let filled = fill.iter().fold(entry.to_owned(), |entry, (from, to)| {
            entry.replace(from, to)
        });
        format!("{filled}, reason: \"the reason\"}}")
    };
    entries.map(entry).collect()
}

/// Whether a strict run accepts the document with these decisions.
fn is_accepted(text: &str, decisions: &str) -> bool {
    let options = Options {
        decisions: Decisions::parse("decisions.yaml", decisions).unwrap(),
        strict: true,
        ..Options::default()
    };
    generate(text, &options).is_ok()
}

/// Each document is accepted with the first entry of its warnings, and with the last one: a person may
/// mend it, or accept raw JSON.
#[test]
fn value_without_a_type_is_decided_by_each_entry_that_the_warning_names() {
    let unions = "    A: {type: object, required: [kind, a], properties: {kind: {type: string}, a: {type: string}}}
    B: {type: object, required: [kind, b], properties: {kind: {type: string}, b: {type: string}}}
    Alias: {$ref: '#/components/schemas/Any'}
    Any: {}
";
    let a = "{$ref: '#/components/schemas/A'}";
    let b = "{$ref: '#/components/schemas/B'}";
    let type_of = [("VALUE", "integer")];
    let parts = [("VALUE", "{type: string}")];
    for (root, place, fill) in [
        (
            format!("{{oneOf: [{a}, {b}], anyOf: [{a}, {b}]}}"),
            "/components/schemas/Root",
            &[][..],
        ),
        (
            format!("{{oneOf: [{a}, {{oneOf: [{b}, {{$ref: '#/components/schemas/Root'}}]}}]}}"),
            "/components/schemas/Root",
            &[],
        ),
        (
            format!(
                "{{oneOf: [{a}, {b}, {{type: string}}], discriminator: {{propertyName: kind}}}}"
            ),
            "/components/schemas/Root",
            &[],
        ),
        (
            "{oneOf: [{type: string}, {type: string, enum: [a]}, {type: boolean}]}".to_owned(),
            "/components/schemas/Root",
            &[],
        ),
        (
            "{oneOf: [{type: string}, {}]}".to_owned(),
            "/components/schemas/Root",
            &type_of,
        ),
        (
            "{oneOf: [{type: string}, {$ref: '#/components/schemas/Alias'}]}".to_owned(),
            "/components/schemas/Root",
            &type_of,
        ),
        (
            "{type: object, properties: {it: {oneOf: [{type: string}, {}]}}}".to_owned(),
            "/components/schemas/Root/properties/it",
            &type_of,
        ),
        (
            "{allOf: [{type: string}, {type: integer}]}".to_owned(),
            "/components/schemas/Root",
            &parts,
        ),
        (
            "{type: object, properties: {it: {allOf: [{type: string}, {type: integer}]}}}"
                .to_owned(),
            "/components/schemas/Root/properties/it",
            &parts,
        ),
        (
            "{allOf: [{$ref: '#/components/schemas/Root'}, {type: string}]}".to_owned(),
            "/components/schemas/Root",
            &parts,
        ),
    ] {
        let text = operation(&format!(
            "      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/Root'}}}}}}}}}}
components:
  schemas:
    Root: {root}
{unions}"
        ));
        let warnings = warnings_with(&text, "[]");
        assert!(!is_accepted(&text, "[]"), "{root}");
        assert!(
            warnings[0].contains(&format!(": {place}: ")),
            "{warnings:?}"
        );
        let entries: Vec<Vec<String>> = warnings.iter().map(|it| suggested(it, fill)).collect();
        for nth in [<[String]>::first, <[String]>::last] {
            let chosen = entries.iter().filter_map(|entries| nth(entries));
            let chosen = chosen.cloned().collect::<Vec<_>>().join("\n");
            assert_eq!(warnings_with(&text, &chosen), [""; 0], "{root}: {chosen}");
            assert!(is_accepted(&text, &chosen), "{root}: {chosen}");
        }
    }
}

/// Every other decision at the place of a schema without a type decides nothing.
#[test]
fn schema_without_a_type_cannot_use_one_of_its_parts() {
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents: {{schemas: {{Root: {{oneOf: [{{type: string}}, {{}}]}}}}}}\n"
    );
    for (take, accepted) in [("raw", true), ("first", false), ("last", false)] {
        let entry = format!("- {{pointer: /components/schemas/Root, use: {take}}}");
        assert_eq!(is_accepted(&text, &entry), accepted, "{take}");
    }
}

/// A union of `Cat` and `Dog` in a response, told apart by `kind`.
fn pets(mapping: &str, cat: &str, dog: &str) -> String {
    operation(&format!(
        "      responses:
        200:
          description: D.
          content:
            application/json:
              schema:
                oneOf: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}]
                discriminator: {{propertyName: kind, mapping: {{{mapping}}}}}
components:
  schemas:
    Cat: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [{cat}]}}}}}}
    Dog: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [{dog}]}}}}}}
"
    ))
}

/// Where the document does not tell the values apart, the entry has a placeholder for what a person
/// knows. A variant that no value selects is mended in two places, so the entry accepts raw JSON.
#[test]
fn mapping_is_corrected_by_the_decision_that_the_warning_names() {
    let [to_cat, to_dog] = ["'#/components/schemas/Cat'", "'#/components/schemas/Dog'"];
    let crossed = format!("dog: {to_cat}, bird: {to_dog}");
    let lost = format!("cat: {to_cat}, dog: {to_dog}, hound: Nothing");
    for (text, fill, reason) in [
        (
            pets(&crossed, "cat", "dog"),
            &[][..],
            "whose `kind` allows only `cat`",
        ),
        (
            pets(&crossed, "cat, dog", "cat, dog"),
            &[("VALUE of Dog", "cat")],
            "the mapping maps `bird` to Dog, whose `kind` allows only `cat`, `dog`",
        ),
        (
            pets(&lost, "cat", "dog, hound"),
            &[("VARIANT", "Dog")],
            "the mapping maps `hound` to no variant; a value with this tag is read as unknown",
        ),
        (
            pets(&format!("cat: {to_cat}"), "cat", "cat"),
            &[],
            "no value of the discriminator `kind` selects Dog alone; it can be written, but is never read",
        ),
    ] {
        let warnings = warnings_with(&text, "[]");
        assert!(warnings[0].contains(reason), "{reason}: {warnings:#?}");
        assert!(!is_accepted(&text, "[]"), "{reason}");
        let entry = &suggested(&warnings[0], fill)[0];
        assert_eq!(warnings_with(&text, entry), [""; 0], "{entry}");
        assert!(is_accepted(&text, entry), "{entry}");
    }
}

/// Of a component, of an enum in its place, and of parameters, one of them shared by two operations.
#[test]
fn wrong_example_is_corrected_by_the_decision_that_the_warning_names() {
    let text = format!(
        "{HEAD}paths:
  /it/{{id}}:
    parameters:
      - {{name: id, in: path, required: true, schema: {{type: string}}}}
      - {{name: level, in: query, example: 9, schema: {{type: integer, enum: [1, 2]}}}}
    get:
      operationId: get_it
      parameters:
        - {{name: Host, in: header, schema: {{type: string}}}}
        - {{$ref: '#/components/parameters/Kind'}}
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/Root'}}}}}}}}}}
components:
  parameters:
    Kind: {{name: kind, in: query, required: true, schema: {{type: string, enum: [a, b], example: wrong}}}}
  schemas:
    State: {{type: string, enum: [on, off], example: up}}
    Root: {{type: object, properties: {{kind: {{type: string, enum: [x, y], example: z}}, states: {{type: array, items: {{$ref: '#/components/schemas/State'}}, example: [on, up]}}}}}}
"
    );
    let warnings = warnings_with(&text, "[]");
    let entries = warnings.iter().flat_map(|warning| suggested(warning, &[]));
    let entries = entries.collect::<Vec<_>>().join("\n");
    assert_eq!(warnings.len(), 5, "{warnings:#?}");
    for pointer in [
        "/components/schemas/State",
        "/components/schemas/Root/properties/kind",
        "/components/schemas/Root/properties/states",
        "/components/parameters/Kind",
        "/paths/~1it~1{id}/parameters/1",
    ] {
        assert!(
            entries.contains(&format!("{{pointer: \"{pointer}")),
            "{pointer}: {entries}"
        );
    }
    assert_eq!(warnings_with(&text, &entries), [""; 0], "{entries}");
}

/// The whole schema is raw JSON, not only the part that could not be merged.
#[test]
fn undecided_parts_within_parts_make_the_whole_schema_raw_json() {
    let text = format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    Root:
      allOf:
        - {{type: object, required: [a], properties: {{a: {{type: string}}}}}}
        - allOf: [{{type: string}}, {{type: integer}}]
"
    );
    let entry = "- {pointer: /components/schemas/Root, use: raw}";
    assert!(is_accepted(&text, entry));
    let code: String = generated(&text)
        .files
        .values()
        .map(String::as_str)
        .collect();
    assert!(!code.contains("pub a: String"), "{code}");
}

#[test]
fn discriminator_that_selects_no_variant_has_to_be_decided() {
    let variant = |name: &str| {
        format!(
            "    {name}: {{type: object, required: [kind, {name}], properties: {{kind: {{type: string, \
             enum: [x, y]}}, {name}: {{type: string}}}}}}\n"
        )
    };
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents:\n  schemas:\n    Root: {{oneOf: [{{$ref: \
         '#/components/schemas/A'}}, {{$ref: '#/components/schemas/B'}}], discriminator: \
         {{propertyName: kind}}}}\n{}{}",
        variant("A"),
        variant("B"),
    );
    let warnings = warnings_with(&text, "[]");
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    let message = "no value of the discriminator `kind` selects a variant; the variants are told \
                   apart by what they require";
    assert!(warning.contains(message), "{warning}");
    assert!(!is_accepted(&text, "[]"));
    for entry in suggested(warning, &[]) {
        assert!(is_accepted(&text, &entry), "{entry}");
    }
}

/// What the document leaves open about the variants of a union is a warning, and is refused by a strict
/// run until a person decides.
#[test]
fn variants_that_cannot_be_told_apart_have_to_be_decided() {
    let kind = |values: &str| format!("{{type: string, enum: [{values}]}}");
    let variant = |name: &str, property: &str, values: &str| {
        let kind = kind(values);
        format!(
            "    {name}: {{type: object, required: [kind], properties: {{kind: {kind}, {property}: {{type: \
             string}}}}}}\n"
        )
    };
    let union = |discriminator: &str| {
        format!(
            "    Root: {{oneOf: [{{$ref: '#/components/schemas/A'}}, {{$ref: \
             '#/components/schemas/B'}}]{discriminator}}}\n"
        )
    };
    let by_kind = ", discriminator: {propertyName: kind}";
    let mapped_to_nothing = ", discriminator: {propertyName: kind, mapping: {one: \
                             '#/components/schemas/X', two: '#/components/schemas/Y'}}";
    let no_values = |name: &str| {
        format!(
            "    {name}: {{type: object, required: [kind], properties: {{kind: {{type: string}}, \
             {name}: {{type: string}}}}}}\n"
        )
    };
    for (schemas, message) in [
        (
            union(by_kind) + &variant("A", "a", "x") + &variant("B", "b", "x, y"),
            "B allows `x` of `kind`, which selects another variant; a value with it is read as the \
             other variant",
        ),
        (
            union(mapped_to_nothing) + &no_values("A") + &no_values("B"),
            "the mapping maps `one` to no variant; it selects the variant at the same position",
        ),
        (
            union("") + &variant("A", "a", "x") + &variant("B", "a", "y"),
            "A and B have the same properties and require the same ones; the second can be written, \
             but is never read",
        ),
    ] {
        let text = format!("{HEAD}paths: {{}}\ncomponents:\n  schemas:\n{schemas}");
        let warnings = warnings_with(&text, "[]");
        let warning = warnings.iter().find(|warning| warning.contains(message));
        let warning = warning.unwrap_or_else(|| panic!("{message}: {warnings:?}"));
        assert!(!is_accepted(&text, "[]"), "{message}");
        for entry in suggested(warning, &[]) {
            assert!(is_accepted(&text, &entry), "{entry}");
        }
    }
}

/// If the mapping of an inner union contradicts its variants, both values select the inner union.
#[test]
fn outer_union_reads_the_values_that_variants_of_an_inner_union_allow() {
    let text = format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    Root:
      oneOf: [{{$ref: '#/components/schemas/Inner'}}, {{$ref: '#/components/schemas/C'}}]
      discriminator: {{propertyName: kind}}
    Inner:
      oneOf: [{{$ref: '#/components/schemas/A'}}, {{$ref: '#/components/schemas/B'}}]
      discriminator: {{propertyName: kind, mapping: {{x: '#/components/schemas/A', y: '#/components/schemas/B'}}}}
    A: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [a]}}, a: {{type: string}}}}}}
    B: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [b]}}, b: {{type: string}}}}}}
    C: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [c]}}, c: {{type: string}}}}}}
"
    );
    let code: String = generated(&text)
        .files
        .values()
        .map(String::as_str)
        .collect();
    let inner = r#"Inner(Inner) = "x" | "y" | "a" | "b", C(C) = "c""#;
    assert!(code.contains(inner), "{code}");
    // One entry corrects the whole mapping, so it is not written twice.
    let warnings = warnings_with(&text, "[]");
    let entries: Vec<String> = (warnings.iter())
        .flat_map(|warning| suggested(warning, &[]))
        .collect();
    assert_eq!((warnings.len(), entries.len()), (2, 1), "{warnings:?}");
    assert!(is_accepted(&text, &entries[0]), "{}", entries[0]);
}
