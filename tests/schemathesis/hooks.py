"""Signs the requests of Schemathesis as Cobo's protocol has it.

Nothing of this is shared with the SDK or with the sandbox: a third reading of the protocol.
"""

import hashlib
import itertools
import os
import time
from urllib.parse import urlsplit

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.auth import AuthBase

KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(os.environ["COBO_APP_SECRET"]))
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
# Unique, also when two requests fall into one millisecond.
NONCES = itertools.count(time.time_ns() // 1_000_000)


class CoboAuth(AuthBase):
    """Signs a request as it will be sent, its bytes included."""

    def __call__(self, request):
        url = urlsplit(request.url)
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        nonce = str(next(NONCES))
        message = f"{request.method}|{url.path}|{nonce}|{url.query}|".encode() + body
        digest = hashlib.sha256(hashlib.sha256(message).digest()).digest()
        request.headers["BIZ-API-KEY"] = PUBLIC
        request.headers["BIZ-API-NONCE"] = nonce
        request.headers["BIZ-API-SIGNATURE"] = KEY.sign(digest).hex()
        if not url.path.startswith("/v2/oauth/"):
            # An app's key needs an access token. A sandbox with a document alone takes any.
            request.headers.setdefault("Authorization", "Bearer any")
        return request


schemathesis.auth.set_from_requests(CoboAuth())


# What Schemathesis cannot judge by itself, each with the reason. Nothing else is left out.


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Writes into the document what Schemathesis does not read in it."""
    for union in unions(raw_schema):
        write_tags(union)
    for parameter in query_lists(raw_schema):
        # Cobo's lists are one value with commas. Schemathesis repeats the parameter, and the sandbox refuses
        # that: a name that occurs twice has no canonical form to sign.
        parameter.setdefault("explode", False)
    for schema in objects(raw_schema):
        # Documents of Cobo require names that nothing describes. The sandbox does not ask for them, since no
        # client can know what to send.
        if isinstance(schema.get("required"), list) and isinstance(schema.get("properties"), dict):
            if "allOf" not in schema:
                schema["required"] = [name for name in schema["required"] if name in schema["properties"]]
        # `nullable` allows `null` here, also where the enum does not list it, as Cobo's documents mean it.
        if schema.get("nullable") is True and isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"].append(None)
        # The sandbox reads a number below 64 bits as floating point, and so as the least number of 64 bits. Its own
        # tests have the bounds of the formats.
        if schema.get("format") == "int64" and schema.get("type") == "integer":
            del schema["format"]
    for path, item in raw_schema["paths"].items():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            if "multipart/form-data" in content:
                FORMS[path] = set(content["multipart/form-data"]["schema"]["properties"])


# The fields of the forms, by path.
FORMS = {}


@schemathesis.hook
def filter_body(context, body):
    """Skips made-up fields of forms: names that the header of a part cannot contain, and repeated parts."""
    fields = FORMS.get(context.operation.path)
    return fields is None or not isinstance(body, dict) or fields.issuperset(body)


def objects(value):
    """All objects in the document, also those in examples, which do no harm."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


def unions(document):
    return [value for value in objects(document) if "oneOf" in value and "discriminator" in value]


def query_lists(document):
    for value in objects(document):
        if value.get("in") == "query" and value.get("schema", {}).get("type") == "array":
            yield value


def write_tags(union):
    """Restricts each variant to its values of the discriminator.

    Schemathesis reads `oneOf` without its discriminator. So it finds that a value fits two variants, and sends
    values that fit one variant with the tag of another, which the sandbox refuses.
    """
    name = union["discriminator"]["propertyName"]
    mapping = union["discriminator"].get("mapping", {})
    for index, variant in enumerate(union["oneOf"]):
        target = variant["$ref"].rsplit("/", 1)[1]
        # A target may be a bare name, and one release has a colon behind it.
        tags = [tag for tag, of in mapping.items() if of.rsplit("/", 1)[-1].rstrip(":") == target]
        tag = {"type": "object", "required": [name], "properties": {name: {"enum": tags or [target]}}}
        union["oneOf"][index] = {"allOf": [variant, tag]}
