"""Compares the calls of our crates with those of Cobo's official Python SDK.

Reads the calls that `.ci/differential` has recorded: the values that were given to our client, the request that it
sent, and the answer that it read. Gives the same values to the method of the official SDK, which sends its request to
a server on loopback, and gets the same answer. Then compares both requests and both readings, and the differences with
`differences.txt`.
"""

import argparse
import collections
import enum
import hashlib
import http.server
import inspect
import json
import os
import pathlib
import re
import sys
import threading
import time
import typing
import urllib.parse

import cobo_waas2
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import BaseModel, ValidationError

GOLDEN = pathlib.Path(__file__).with_name("differences.txt")
# Keys for this test only.
SECRET = "01" * 32
SERVER = SigningKey(bytes.fromhex("02" * 32))

# Why a difference exists. The first pattern that matches it gives the reason; without a reason it cannot be listed.
REASONS = [
    (
        r"^request \S+ body\S*: .* is added$",
        "The official SDK sends the document's default of a property that was not set. Ours sends what was set.",
    ),
    (
        r"^answer \S+ \S+: null is added$",
        "The official SDK makes null of a property that may be null and is absent. Ours keeps it absent.",
    ),
    (
        r"^answer \S+ \S+: .* is added$",
        "The official SDK gives the document's default of a property that is absent. Ours keeps it absent.",
    ),
    (
        r"^request upload_payment_file signature:",
        "The official Python SDK signs an empty body and sends a form. Ours signs the bytes of the form, as the Go SDK does.",
    ),
]


HEAD = """\
# The known differences between our crates and Cobo's official Python SDK. `UPDATE=1 .ci/differential` writes this file.
# Each line has the first turn with the difference, `request` or `answer`, the operation, the place, and how the
# official SDK differs from ours.
"""


class Number(str):
    """A number as it is written in JSON, so that no digit is lost: 1.0 is not 1."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return isinstance(other, Number) and str(self) == str(other)


def parse(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def show(value):
    if isinstance(value, Number):
        return str(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:40] + "…"


class Server(http.server.ThreadingHTTPServer):
    """Records each request, and answers it with what is set."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []
        self.answer = (200, None)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body of a response leave together.
    wbufsize = -1

    def respond(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = {"method": self.command, "target": self.path, "headers": headers, "body": body}
        self.server.received.append(request)
        status, text = self.server.answer
        content = b"" if text is None else text.encode()
        timestamp = str(int(time.time() * 1000))
        self.send_response(status)
        if text is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("BIZ-TIMESTAMP", timestamp)
        signed = digest(content + b"|" + timestamp.encode())
        self.send_header("BIZ-RESP-SIGNATURE", SERVER.sign(signed).signature.hex())
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = respond

    def log_message(self, *_):
        pass


def digest(message):
    return hashlib.sha256(hashlib.sha256(message).digest()).digest()


def is_signed(request):
    """Whether the signature is right for the bytes that were received."""
    headers = request["headers"]
    path, _, query = request["target"].partition("?")
    parts = [request["method"], path, headers["biz-api-nonce"], query, ""]
    message = "|".join(parts).encode() + request["body"]
    try:
        key = VerifyKey(bytes.fromhex(headers["biz-api-key"]))
        key.verify(digest(message), bytes.fromhex(headers["biz-api-signature"]))
    except BadSignatureError:
        return False
    return True


class Configuration(cobo_waas2.Configuration):
    # The SDK has a key for each of Cobo's hosts, and fails on any other host. Only this lookup is replaced.
    resp_pubkey = SERVER.verify_key.encode().hex()


class Official:
    """The official SDK: its methods by the id of their operation."""

    def __init__(self, server):
        host = f"http://127.0.0.1:{server.server_port}/v2"
        self.server = server
        self.client = cobo_waas2.ApiClient(Configuration(api_private_key=SECRET, host=host))
        self.methods = {}
        suffix = "_with_http_info"
        for name in dir(cobo_waas2):
            if name.endswith("Api"):
                api = getattr(cobo_waas2, name)(self.client)
                for method in dir(api):
                    if method.endswith(suffix):
                        self.methods[method.removesuffix(suffix)] = getattr(api, method)

    def call(self, call):
        """Makes a call. Returns the request and the value that was read; each may be a `Refused` instead."""
        method = self.methods[call["operation"]]
        self.server.received.clear()
        self.server.answer = (call["status"], call["answer"])
        try:
            arguments = self.arguments(method, call)
            response = method(**arguments, _request_timeout=10.0)
            read = parse(json.dumps(self.client.sanitize_for_serialization(response.data)))
        except Exception as error:  # whatever the SDK raises is its answer
            read = Refused(error)
        if len(self.server.received) > 1:
            raise SystemExit(f"{call['operation']}: the official SDK sent more than one request")
        sent = self.server.received[0] if self.server.received else read
        return sent, read

    @staticmethod
    def arguments(method, call):
        parameters = inspect.signature(method).parameters
        arguments = {}
        for name, value in [*call["path"].items(), *call["query"].items(), *call["headers"].items()]:
            if name not in parameters:
                raise LookupError(f"no parameter {name}")
            # A parameter without a type is an enum in the SDK's own code: it reads its `value`.
            untyped = typing.Any in typing.get_args(typing.get_args(parameters[name].annotation)[0])
            arguments[name] = enum.Enum("Untyped", {"MEMBER": value}).MEMBER if untyped else value
        if call["body"] is not None:
            body = json.loads(call["body"])
            left = [name for name in parameters if name not in arguments and not name.startswith("_")]
            # Parameters of the path and the query have simple types.
            bodies = {name: model(parameters[name].annotation) for name in left}
            bodies = {name: found for name, found in bodies.items() if found}
            if bodies:
                [(name, found)] = bodies.items()
                arguments[name] = found.from_dict(body)
            else:
                # A form: a parameter for each of its parts.
                for name, value in body.items():
                    arguments[name] = value.encode()
        return arguments


def model(annotation):
    """The model in an annotation, like `Annotated[Optional[Model], …]`."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (model(inner) for inner in typing.get_args(annotation))
    return next((inner for inner in found if inner), None)


class Refused:
    """Why the SDK raised an error."""

    def __init__(self, error):
        if isinstance(error, ValidationError):
            problem = error.errors(include_url=False)[0]
            place = "/".join(str(part) for part in problem["loc"])
            self.reason = f"{error.title}: {place}: {problem['msg']}"
        else:
            lines = str(error).strip().splitlines() or [""]
            self.reason = f"{type(error).__name__}: {lines[0]}"


def differences(ours, theirs, place=""):
    """How two JSON values differ, with the JSON pointers of the places."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours.keys() | theirs.keys():
            at = f"{place}/{name}"
            if name not in theirs:
                yield f"{at}: {show(ours[name])} is absent"
            elif name not in ours:
                yield f"{at}: {show(theirs[name])} is added"
            else:
                yield from differences(ours[name], theirs[name], at)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (our, their) in enumerate(zip(ours, theirs)):
            yield from differences(our, their, f"{place}/{index}")
    elif type(ours) is not type(theirs) or ours != theirs:
        yield f"{place}: {show(ours)} is {show(theirs)}"


def pairs(target):
    """The query as a set; a name that is repeated keeps all its values."""
    query = target.partition("?")[2]
    found = collections.defaultdict(list)
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        found[name].append(value)
    return {name: values[0] if len(values) == 1 else sorted(values) for name, values in found.items()}


def content(request):
    """The body: JSON, or the parts of a form, or nothing."""
    body, kind = request["body"], request["headers"].get("content-type", "")
    if kind.startswith("multipart/form-data"):
        boundary = kind.partition("boundary=")[2].strip('"').encode()
        return {"form": sorted(part(text) for text in body.split(b"--" + boundary)[1:-1])}
    return parse(body) if body else "nothing"


def part(text):
    head, _, value = text.strip(b"\r\n").partition(b"\r\n\r\n")
    name = re.search(rb'name="([^"]*)"', head)
    return [name[1].decode(), value.decode()]


def compare_requests(ours, theirs):
    if isinstance(theirs, Refused):
        yield f"is not sent: {theirs.reason}"
        return
    if ours["method"] != theirs["method"]:
        yield f"method: {ours['method']} is {theirs['method']}"
    path, other = (urllib.parse.unquote(request["target"].partition("?")[0]) for request in (ours, theirs))
    if path != other:
        yield f"path: {path} is {other}"
    yield from differences(pairs(ours["target"]), pairs(theirs["target"]), "query")
    yield from differences(content(ours), content(theirs), "body")
    if not is_signed(theirs):
        yield "signature: it is wrong for the bytes that were sent"


def compare_answers(ours, theirs):
    if isinstance(theirs, Refused):
        yield f"is not read: {theirs.reason}"
    else:
        yield from differences(ours, theirs)


class Counts:
    """The operations and the calls that were compared, for requests or for answers."""

    def __init__(self, kind):
        self.kind = kind
        self.differing = {}
        self.calls = collections.Counter()

    def add(self, operation, differs):
        self.calls["different" if differs else "equal"] += 1
        self.differing[operation] = self.differing.get(operation, False) or differs

    def __str__(self):
        listed = sum(self.differing.values())
        equal = len(self.differing) - listed
        calls = f"{self.calls['equal']} calls equal, {self.calls['different']} with listed differences"
        return f"{self.kind}s: {len(self.differing)} operations compared, {equal} equal, {listed} listed ({calls})"


class Listed:
    """The differences, each with the first turn that has it, so that a run with fewer turns can be checked too."""

    def __init__(self):
        self.turns = {}

    def add(self, difference, turn):
        self.turns[difference] = min(turn, self.turns.get(difference, turn))

    @classmethod
    def read(cls, text):
        listed = cls()
        for line in text.splitlines():
            if line and not line.startswith("#"):
                turn, _, difference = line.partition(" ")
                listed.turns[difference] = int(turn)
        return listed

    def write(self):
        """The text of the list, or ends the program if a difference has no reason."""
        grouped = {reason: [] for _, reason in REASONS}
        for difference, turn in sorted(self.turns.items()):
            reason = next((reason for pattern, reason in REASONS if re.search(pattern, difference)), None)
            if reason is None:
                raise SystemExit(f"no reason in compare.py explains this difference:\n  {difference}")
            grouped[reason].append(f"{turn} {difference}\n")
        groups = (f"\n# {reason}\n{''.join(lines)}" for reason, lines in grouped.items() if lines)
        return HEAD + "".join(groups)

    def differing_from(self, known, turns):
        """The lines for a reader about what is new and what has vanished, within the turns that were run."""
        before = {(difference, turn) for difference, turn in known.turns.items() if turn < turns}
        now = set(self.turns.items())
        yield from (f"new: {difference} (turn {turn})" for difference, turn in sorted(now - before))
        yield from (f"vanished: {difference} (turn {turn})" for difference, turn in sorted(before - now))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, required=True)
    parser.add_argument("records", nargs="+")
    options = parser.parse_args()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)

    official = Official(Server())
    requests, answers = Counts("request"), Counts("answer")
    listed, problems = Listed(), []
    ours = set()
    for path in options.records:
        for line in pathlib.Path(path).read_text().splitlines():
            call = json.loads(line)
            operation, turn = call["operation"], call["turn"]
            ours.add(operation)
            call["received"]["body"] = call["received"]["body"].encode()
            if not is_signed(call["received"]):
                problems.append(f"{operation} (turn {turn}): our signature is wrong for the bytes that were sent")
            if operation not in official.methods:
                continue
            sent, read = official.call(call)
            compared = [(requests, compare_requests(call["received"], sent))]
            # Without a request there was no answer.
            if not isinstance(sent, Refused):
                compared.append((answers, compare_answers(parse(call["read"]), read)))
            for counts, found in compared:
                found = list(found)
                counts.add(operation, bool(found))
                for difference in found:
                    listed.add(f"{counts.kind} {operation} {difference}", turn)

    absent = sorted(ours - official.methods.keys())
    problems += [f"{operation}: our crates do not have it" for operation in sorted(official.methods.keys() - ours)]
    if os.environ.get("UPDATE"):
        GOLDEN.write_text(listed.write())
    problems += listed.differing_from(Listed.read(GOLDEN.read_text()), options.turns)

    for problem in problems:
        print(problem)
    print(requests)
    print(answers)
    print(f"not in the official SDK: {len(absent)} {' '.join(absent)}".rstrip())
    print(f"{len(listed.turns)} listed differences, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
