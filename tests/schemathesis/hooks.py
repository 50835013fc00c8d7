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
