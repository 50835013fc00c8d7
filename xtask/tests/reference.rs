//! The reference pages: what they say, and that they hang together.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::collections::BTreeMap;
use std::path::Path;

use xtask::api::Api;
use xtask::print::reference;
use xtask::print::{CrateNames, Header};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, load};

#[path = "reference/markdown.rs"]
mod markdown;

type Pages = BTreeMap<String, String>;

fn pages(text: &[u8], crate_name: &str) -> Pages {
    let options = Options::default();
    let mut document = load::read(text, "document.yaml", &options).unwrap();
    transform(&mut document, &options, &mut Log::default()).unwrap();
    let header = Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: "openapi/document.yaml".to_owned(),
    };
    reference::pages(
        &Api::of(&document, &mut Log::default()),
        &CrateNames::of_crate(crate_name),
        Some(&header),
    )
}

fn tiny() -> Pages {
    pages(include_bytes!("reference/tiny.yaml"), "tiny_client")
}

fn oauth() -> Pages {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/oauth.yaml");
    pages(&std::fs::read(path).unwrap(), "cobo_oauth")
}

#[test]
fn operations_of_a_tiny_document() {
    insta::assert_snapshot!(tiny()["BoxesSmallBoxesApi.md"]);
}

#[test]
fn models_of_a_tiny_document() {
    let pages = tiny();
    let shown = ["models.md", "README.md"];
    let text: Vec<&str> = shown.iter().map(|name| pages[*name].as_str()).collect();
    insta::assert_snapshot!(text.join("\n=====\n\n"));
}

/// The tiny document with one tag.
fn single() -> Pages {
    let text = include_str!("reference/tiny.yaml");
    let single = text.replace(
        "operationId: make_box\n",
        "operationId: make_box\n      tags: [Boxes - Small Boxes]\n",
    );
    assert_ne!(single, text);
    pages(single.as_bytes(), "tiny_client")
}

#[test]
fn a_document_with_one_tag_has_a_page_for_each_model() {
    let names: Vec<String> = single().into_keys().collect();
    let expected = [
        "Box.md",
        "BoxType.md",
        "Boxes.md",
        "BoxesSmallBoxesApi.md",
        "Content.md",
        "Failure.md",
        "Items.md",
        "Kind.md",
        "Liquid.md",
        "ListItemsSort.md",
        "Picture.md",
        "PictureGrade.md",
        "README.md",
        "Solid.md",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_document_with_several_tags_has_a_page_for_each_tag() {
    let pages = tiny();
    let names: Vec<&String> = pages.keys().collect();
    let expected = [
        "BoxesSmallBoxesApi.md",
        "DefaultApi.md",
        "README.md",
        "models.md",
    ];
    assert_eq!(names, expected);
    let has = |page: &str, model: &str| {
        let text = &pages[page];
        let section = text.lines().any(|line| line == format!("### {model}"));
        section && text.contains(&format!("<a id=\"model-{}\"></a>", model.to_lowercase()))
    };
    // Only the operations of the tag use these models.
    assert!(has("BoxesSmallBoxesApi.md", "Items"));
    // Several tags use this one, and no operation uses that one.
    assert!(has("models.md", "Content") && has("models.md", "Failure"));
    assert!(!has("BoxesSmallBoxesApi.md", "Content"));
}

#[test]
fn variant_example_has_the_discriminator_value_of_that_variant() {
    let text = include_str!("reference/tiny.yaml");
    // The document's own example of `Solid` is that of another variant.
    let wrong = text.replace("example: solid", "example: liquid");
    assert_ne!(wrong, text);
    let page = &pages(wrong.as_bytes(), "tiny_client")["models.md"];
    let solid = between(page, "### Solid", "[Back to top]");
    assert!(solid.contains("\"state\": \"solid\""), "{solid}");
    let content = between(page, "### Content", "[Back to top]");
    assert!(content.contains("\"state\": \"liquid\""), "{content}");
}

#[test]
fn examples_give_setters_of_unions_the_builder_of_a_variant() {
    let page = &tiny()["BoxesSmallBoxesApi.md"];
    assert!(page.contains("models::Liquid::builder()"), "{page}");
    assert!(!page.contains("models::Content::Liquid("), "{page}");
    for page in tiny().values() {
        assert!(!page.contains("from_value"), "{page}");
    }
}

#[test]
fn reference_of_list_operations_shows_pages_and_items() {
    let pages = pages(include_bytes!("rust/pages.yaml"), "pages_client");
    let text: String = pages.into_values().collect();
    for line in [
        ".items();\n    while let Some(item) = items.next().await {",
        ".pages();\n    while let Some(page) = pages.next().await {",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn reference_uses_the_generated_names_when_names_collide() {
    let text = include_str!("reference/tiny.yaml");
    // Not through `load`, which refuses this.
    let root = xtask::stage::load::read(text.as_bytes(), "x", &Options::default())
        .unwrap()
        .root;
    let root: serde_json::Value =
        serde_json::from_str(&root.to_string().replace("\"make_box\"", "\"listItems\"")).unwrap();
    let document = xtask::document::Document::from_value("x", root);
    let api = Api::of(&document, &mut Log::default());
    assert!(
        api.operations
            .iter()
            .any(|operation| operation.rust == "list_items2")
    );
    let pages = reference::pages(&api, &CrateNames::of_crate("x"), None);
    assert!(pages["DefaultApi.md"].contains("\n## list_items2\n"));
}

#[test]
fn every_reference_page_starts_with_a_generated_by_comment() {
    let line = format!(
        "<!-- @generated by `cargo xtask regen` from openapi/document.yaml (SHA-256 {}). Do not \
         edit. -->\n",
        "0".repeat(64)
    );
    for (name, text) in tiny() {
        assert!(text.starts_with(&line), "{name}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}");
    }
}

/// What the Go and JavaScript SDKs' reference says of the same operations, said of these.
#[test]
fn oauth_reference_page_has_the_content_of_the_go_and_javascript_sdks() {
    let pages = oauth();
    let page = &pages["OAuthApi.md"];
    let get = between(page, "## get_token", "## refresh_token");
    let refresh = between(page, "## refresh_token", "## exchange_permission_token");
    for line in [
        "All URIs are relative to *<https://api.dev.cobo.com/v2>*",
        "| Method | HTTP request | Description |",
        "| [**get_token**](OAuthApi.md#get_token) | **GET** /oauth/token | Get access token |",
        "| [**refresh_token**](OAuthApi.md#refresh_token) | **POST** /oauth/token | Refresh access \
         token |",
    ] {
        assert!(page.contains(line), "{line}");
    }
    for line in [
        "> `Response<GetToken200Response> client.get_token().client_id(client_id).org_id(org_id)\
         .grant_type(grant_type).send()`",
        "\nGet access token\n",
        "(https://manuals.cobo.com/en/portal/organization/introduction)",
        "### Example\n\n```rust,no_run\n",
        "Ed25519Signer::from_hex(\"<YOUR_APP_SECRET_IN_HEX>\")?",
        "Environment::development()",
        "Environment::production()",
        "Environment::custom",
        ".client_id(\"pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij\")\n",
        ".org_id(\"e3986401-4aec-480a-973d-e775a4518413\")\n",
        ".grant_type(\"org_implicit\")\n",
        "Error when calling `OAuthApi::get_token`: {error}",
        "HTTP status: {:?}, body: {:?}",
        "Response from `OAuthApi::get_token`: {response:?}",
        "### Path parameters",
        "### Other parameters",
        "| Name | Type | Description | Notes |",
        "| **client_id** | `String` | The app's client ID",
        "| **org_id** | `String` | The ID of the organization",
        "| **grant_type** | `String` | The OAuth grant type, `org_implicit`. |",
        "### Return type\n\n[**GetToken200Response**](GetToken200Response.md)",
        "### Authorization\n\n[CoboAuth](README.md#CoboAuth)",
        "### HTTP request headers\n\n- **Content-Type**: Not defined\n- **Accept**: \
         application/json\n",
        "[Back to top](#oauthapi)",
        "(README.md#api-endpoints)",
        "(README.md#models)",
        "(README.md)",
    ] {
        assert!(get.contains(line), "{line}");
    }
    for line in [
        "> `Response<RefreshToken200Response> client.refresh_token()\
         .refresh_token_request(refresh_token_request).send()`",
        "\nRefresh access token\n",
        "models::RefreshTokenRequest::builder()\n",
        ".grant_type(\"refresh_token\")\n",
        "| **refresh_token_request** | [**RefreshTokenRequest**](RefreshTokenRequest.md) |",
        "### Return type\n\n[**RefreshToken200Response**](RefreshToken200Response.md)",
        "### Authorization\n\n[CoboAuth](README.md#CoboAuth)",
        "### HTTP request headers\n\n- **Content-Type**: application/json\n- **Accept**: \
         application/json\n",
    ] {
        assert!(refresh.contains(line), "{line}");
    }
}

#[test]
fn model_reference_lists_required_secret_and_checked_properties() {
    let pages = oauth();
    for (page, line) in [
        (
            "GetToken200Response.md",
            "| required; secret; checked: not empty; example: `q1wX0example0access0token` |",
        ),
        (
            "GetToken200Response.md",
            "| required; checked: at least 1; example: `43199` |",
        ),
        (
            "GetToken200Response.md",
            "| **refresh_token** | `Option<Secret>` |",
        ),
        ("GetToken200Response.md", "\"expires_in\": 43199"),
        (
            "RefreshTokenRequest.md",
            ".refresh_token(\"q1wX0example0refresh0token\")\n        .build()?;",
        ),
    ] {
        assert!(pages[page].contains(line), "{page}: {line}");
    }
}

#[test]
fn deprecated_operation_examples_allow_the_deprecation_warning() {
    let page = &oauth()["OAuthApi.md"];
    let section = between(
        page,
        "## exchange_permission_token",
        "## refresh_permission",
    );
    assert!(section.contains("```rust,no_run\n#![allow(deprecated)]\n"));
    assert!(section.contains("**Deprecated:**"));
}

#[test]
fn colliding_reference_file_names_are_numbered() {
    let names: Vec<String> = hostile().into_keys().collect();
    let expected = [
        "A2Api.md",
        "AApi.md",
        "Default2Api.md",
        "DefaultApi.md",
        "README.md",
        "models.md",
    ];
    assert_eq!(names, expected);
    let one_tag = serde_json::json!({
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "tags": ["a"], "responses": {}}}},
        "components": {"schemas": {
            "Readme": {"type": "string"}, "aApi": {"type": "string"}, "Self": {"type": "string"},
        }},
    });
    let document = xtask::document::Document::from_value("one", one_tag);
    let api = Api::of(&document, &mut Log::default());
    let pages = reference::pages(&api, &CrateNames::of_crate("one"), None);
    let names: Vec<&String> = pages.keys().collect();
    let expected = ["AApi.md", "AApi2.md", "README.md", "Readme2.md", "Self_.md"];
    assert_eq!(names, expected);
}

/// A document that tries to break out of every place that shows its text.
fn hostile() -> Pages {
    let text = "a | b `c` <script>alert(1)</script> --> ](x) ``` # h\n\n```\nunclosed | fence";
    let operation = |id: &str, tag: Option<&str>| {
        serde_json::json!({
            "operationId": id,
            "tags": tag.map_or(vec![], |tag| vec![tag]),
            "summary": text,
            "description": text,
            "parameters": [{
                "name": "p`|\n", "in": "query", "required": true, "description": text,
                "schema": {"type": "string", "enum": [text]}, "example": text,
            }],
            "requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Readme"}}}},
            "responses": {"2XX": {"description": text, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Self"}}}}},
        })
    };
    let document = serde_json::json!({
        "openapi": "3.0.3",
        "info": {"title": text, "description": text, "version": text},
        "servers": [{"url": "https://x y|`", "description": text}],
        "tags": [{"name": "a", "description": text}, {"name": "Default"}],
        "paths": {
            "/a|`_b": {
                "get": operation("authorization", Some("a")),
                "put": operation("a_api", Some("A")),
                "post": operation("three", Some("Default")),
                "patch": operation("four", None),
            },
        },
        "components": {"schemas": {
            "Readme": {"type": "object", "description": text, "required": ["self"], "properties": {
                "self": {"$ref": "#/components/schemas/Readme"},
                "x": {"type": "string", "description": text, "example": text},
            }},
            "Self": {"oneOf": [
                {"$ref": "#/components/schemas/Self"},
                {"type": "object", "description": text, "properties": {"|": {}}},
            ], "discriminator": {"propertyName": "|`", "mapping": {"|`": "nowhere"}}},
            "aApi": {"type": "string", "enum": [text, "|", "", "`"]},
        }},
    });
    // Not through the stages, which refuse some of this.
    let document = xtask::document::Document::from_value("hostile", document);
    reference::pages(
        &Api::of(&document, &mut Log::default()),
        &CrateNames::of_crate("hostile"),
        None,
    )
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(&format!("\n{from}\n")).unwrap();
    let length = text[start..].find(&format!("\n{to}")).unwrap();
    &text[start..start + length]
}
