//! The documents of `tests/documents/refused`, and what is wrong with each.

/// The place of a problem and a part of its reason.
pub(crate) type Problem = (Option<&'static str>, &'static str);

/// Each document of the folder with its problems.
pub(crate) const REFUSED: &[(&str, &[Problem])] = &[
    ("not-yaml", &[(None, "not valid YAML")]),
    ("text", &[(Some(""), "not OpenAPI")]),
    (
        "enum-descriptions",
        &[
            (
                Some("/paths/~1things/get/parameters/0/schema/x-enumDescriptions/up"),
                "the schema has no `enum`",
            ),
            (
                Some("/components/schemas/State/x-enumDescriptions/OPEN"),
                "the description of `OPEN` is not text",
            ),
            (
                Some("/components/schemas/State/x-enumDescriptions/CLOSED"),
                "not a value of the enum: its values are OPEN, DONE",
            ),
        ],
    ),
    ("not-openapi", &[(Some(""), "not OpenAPI")]),
    ("swagger", &[(Some(""), "Swagger 2")]),
    (
        "openapi-3.1",
        &[(Some("/openapi"), "OpenAPI 3.1.0 is not supported")],
    ),
    (
        "dangling-reference",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
            "`#/components/schemas/Nothing` leads nowhere",
        )],
    ),
    (
        "foreign-reference",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
            "into another file",
        )],
    ),
    (
        "endless-reference",
        &[
            (Some("/components/schemas/Loop"), "leads to itself"),
            (Some("/components/schemas/Pool"), "leads to itself"),
        ],
    ),
    (
        "duplicate-operation-id",
        &[(
            Some("/paths/~1things/post/operationId"),
            "taken by /paths/~1things/get",
        )],
    ),
    (
        "similar-operation-id",
        &[(
            Some("/paths/~1things/post/operationId"),
            "both `list_things` in Rust",
        )],
    ),
    (
        "unknown-mark",
        &[(
            Some("/paths/~1things/get/x-cobo-repeatible"),
            "unknown mark `x-cobo-repeatible`",
        )],
    ),
    (
        "mark-without-a-value",
        &[(
            Some("/paths/~1things/get/x-cobo-repeatable"),
            "expected true or false",
        )],
    ),
    (
        "credential-mark",
        &[(
            Some("/paths/~1things/get/x-cobo-credential"),
            "has one value, `none`",
        )],
    ),
    (
        "idempotency-key",
        &[
            (
                Some("/components/schemas/Body/properties/lost"),
                "is not an operation with a query parameter `lost`",
            ),
            (
                Some("/components/schemas/Body/properties/second"),
                "this is another one",
            ),
            (
                Some("/components/schemas/Thing/properties/name"),
                "marks a string property of a JSON request body",
            ),
        ],
    ),
    (
        "final-states",
        &[
            (
                Some("/components/schemas/State"),
                "\"Done\" is listed twice",
            ),
            (
                Some("/components/schemas/State"),
                "\"Gone\" is not a value of this enum",
            ),
            (
                Some("/components/schemas/Thing/properties/name"),
                "is a mark of enums of strings that are components",
            ),
        ],
    ),
    (
        "misplaced-mark",
        &[
            (
                Some("/paths/~1things/x-cobo-repeatable"),
                "is a mark of operations",
            ),
            (
                Some("/components/schemas/Thing/properties/name/x-cobo-credential"),
                "is a mark of operations",
            ),
        ],
    ),
    (
        "unknown-security-scheme",
        &[(
            Some("/paths/~1things/get/security/0"),
            "no security scheme `Typo`",
        )],
    ),
    (
        "path-with-a-query",
        &[(Some("/paths/~1things?all=1"), "has a query")],
    ),
    (
        "path-with-an-escape",
        &[(Some("/paths/~1th%69ngs"), "an escape")],
    ),
    (
        "path-with-dots",
        &[(Some("/paths/~1x~1..~1things"), "a dot for one")],
    ),
    (
        "options-operation",
        &[(Some("/paths/~1things/options"), "options is not supported")],
    ),
    (
        "two-successes",
        &[(
            Some("/paths/~1things/get/responses/201"),
            "200 and 201 have different schemas",
        )],
    ),
    (
        "text-body",
        &[(
            Some("/paths/~1things/post/requestBody/content/text~1plain"),
            "`text/plain`",
        )],
    ),
    (
        "multipart-body",
        &[(
            Some("/paths/~1things/post/requestBody/content/multipart~1form-data"),
            "a form has fields",
        )],
    ),
    (
        "binary-response",
        &[(
            Some("/paths/~1things/get/responses/200/content/application~1pdf"),
            "`application/pdf` is not supported",
        )],
    ),
    (
        "duplicate-key",
        &[(
            Some("/components/schemas/Thing/properties/name"),
            "is duplicated",
        )],
    ),
    (
        "secret-number",
        &[(
            Some("/components/schemas/Thing/properties/pin"),
            "only fits the type string",
        )],
    ),
    (
        "secret-component",
        &[(Some("/components/schemas/Token"), "is a mark of properties")],
    ),
    (
        "checked-nothing",
        &[(
            Some("/components/schemas/Thing/properties/pin"),
            "nothing to check",
        )],
    ),
    (
        "paths-list",
        &[(Some("/paths"), "expected an object, found a list")],
    ),
    (
        "parameter-without-name",
        &[(Some("/paths/~1things/get/parameters/0"), "needs `name`")],
    ),
    (
        "cookie-parameter",
        &[(Some("/paths/~1things/get/parameters/0/in"), "`cookie`")],
    ),
    (
        "undeclared-path-parameter",
        &[(Some("/paths/~1things~1{id}/get"), "the path has `{id}`")],
    ),
    (
        "schema-list",
        &[(
            Some("/components/schemas/Odd"),
            "expected a schema, found a list",
        )],
    ),
    (
        "unknown-type",
        &[(
            Some("/components/schemas/Thing/properties/count/type"),
            "found the text `int`",
        )],
    ),
    (
        "path-reference",
        &[(Some("/paths/~1others"), "a path item cannot be a reference")],
    ),
    (
        "reference-to-another-kind",
        &[
            (
                Some("/paths/~1things/get/responses/200/content/application~1json/schema"),
                "`#/components/parameters/Page` is a parameter",
            ),
            (
                Some("/components/parameters/Page/schema"),
                "`#/info` is something else",
            ),
        ],
    ),
    (
        "many-problems",
        &[
            (Some("/openapi"), "OpenAPI 3.1.0"),
            (
                Some("/paths/~1a/get/responses/200"),
                "`#/components/responses/Missing`",
            ),
            (
                Some("/paths/~1a/post/operationId"),
                "taken by /paths/~1a/get",
            ),
            (
                Some("/paths/~1a/post/requestBody/content/application~1xml"),
                "application/xml",
            ),
            (Some("/paths/~1a/post/responses/201"), "different schemas"),
            (
                Some("/components/schemas/One/properties/next"),
                "`#/components/schemas/Three`",
            ),
        ],
    ),
];
