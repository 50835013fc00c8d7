//! The decision that a warning names mends the document.

use super::{HEAD, warnings_with};

/// Two variants that allow one value each, and two that allow the same values, which only a person can
/// tell apart.
#[test]
fn contradicting_mapping_is_corrected_by_the_decision_that_the_warning_names() {
    for (dog, mended) in [("dog", true), ("cat, dog", false)] {
        let cat = if mended { "cat" } else { dog };
        let text = format!(
            "{HEAD}paths:
  /pets:
    get:
      operationId: get_pet
      responses:
        200:
          description: D.
          content:
            application/json:
              schema:
                oneOf: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}]
                discriminator: {{propertyName: kind, mapping: {{dog: '#/components/schemas/Cat', bird: '#/components/schemas/Dog'}}}}
components:
  schemas:
    Cat: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [{cat}]}}}}}}
    Dog: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [{dog}]}}}}}}
"
        );
        let warnings = warnings_with(&text, "[]");
        let (_, mend) = warnings[0].split_once("mend: ").unwrap();
        if mended {
            let (_, entry) = mend.split_once("`--decisions`: ").unwrap();
            assert_eq!(warnings_with(&text, entry), [""; 0], "{entry}");
        } else {
            let text = "correct the mapping, or the values that the variants allow";
            assert_eq!(mend, text);
        }
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
    let entries = warnings.iter().map(|warning| {
        let (_, entry) = warning.split_once("`--decisions`: ").expect(warning);
        entry
    });
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
