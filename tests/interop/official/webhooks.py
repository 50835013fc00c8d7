"""Runs the web server that is a part of Cobo's Python SDK, with the sandbox's key in place of Cobo's.

Prints a line of JSON when it listens: its port, and what its verification says about a recorded webhook.
"""

import json
import logging
import os
import socket

import uvicorn
from cobo_waas2 import server_demo

recorded = json.loads(os.environ["COBO_RECORDED_WEBHOOK"])


def verifies(body):
    message = f"{body}|{recorded['timestamp']}"
    return server_demo.verify_signature(recorded["public_key_hex"], recorded["signature_hex"], message)


# It logs every message.
server_demo.logger.setLevel(logging.WARNING)
server_demo.pubkey = os.environ["COBO_RESPONSE_PUBLIC_KEY"]
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
# Requests that arrive before the server runs wait.
listener.listen()
facts = {
    "port": listener.getsockname()[1],
    "recorded": verifies(recorded["body"]),
    "tampered": verifies(recorded["body"] + " "),
}
print(json.dumps(facts), flush=True)
uvicorn.Server(uvicorn.Config(server_demo.app, log_level="warning")).run(sockets=[listener])
