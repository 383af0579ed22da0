"""Requests that are wrong in every way that we can think of, made of the server's own OpenAPI document."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(max_size=20)
NUMBERS = st.floats() | st.integers() | st.integers(-(10**400), 10**400).map(abs)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
# What JSON's grammar or its readers stumble over.
ODD = [
    b"", b" ", b"null", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x00", b"[", b"{", b'"', b"[" * 100_000,
    b'{"data":' * 20_000, b"[" * 5_000 + b"]" * 5_000, b"NaN", b'{"data": [[NaN, Infinity, "x"]]}',
    b'{"data": [[-Infinity, 1, "x"]]}', b'{"data": [["\\ud800", 1, "x"]]}', b'{"data": [[1.5, 1, "\\ud800"]]}',
    b'{"data": [[1.5, 1, "\xed\xa0\x80"]]}', b'{"data": [], "data": [[1.5, 1, "edge"]]}',
    b'{"data": [{"size": 1, "size": 2, "spins": 1, "side": "x"}]}', b'{"data": [[1e400, 1, "x"]]}',
    b'{"data": [[1.5, ' + b"9" * 5_000 + b', "x"]]}', b'{"data": [[' + b"9" * 50_000 + b', 1, "x"]]}',
    b'{"data": [[1.5, 18446744073709551616, "x"]]}', b'{"data": [[1.5, -9223372036854775809, "x"]]}',
    b'{"data": [[1.5, 1, "' + b"x" * 40_000 + b'"]]}', b'{"data": [[]]}', b'{"data": {}}', b'{"data": [{}]}',
    b'{"Inputs": {"Inputs": {"data": []}}}', b'{"inputs": []}', b'{"inputs": [{}]}', b'{"columns": [], "data": [[]]}',
    b'{"columns": [[]], "data": [[1]]}', b'{"data": [[1.5, true, "x"]]}', b"0" * 1000, b"-", b"1e", b"1E999999999",
    b'{"inputs":[{"name":"numbers","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}',
    b'{"inputs":[{"name":"numbers","shape":[99999999999999999999],"datatype":"FP32","data":[]}]}',
    b'{"inputs":[{"name":"numbers","shape":[4294967296,4294967296],"datatype":"FP32","data":[]},'
    b'{"name":"texts","shape":[4294967296,1],"datatype":"BYTES","data":[]}]}',
    b'{"inputs":[{"name":"numbers","shape":[0,2],"datatype":"FP32","data":[]},'
    b'{"name":"texts","shape":[0,1],"datatype":"BYTES","data":[]}]}',
    b'{"inputs":[{"name":"numbers","shape":[-1,2],"datatype":"FP32","data":[]}]}',
    b'{"inputs":[{"name":"numbers","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":-8}}]}',
    b'{"inputs":[{"name":"numbers","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":9999999999}}]}',
]  # fmt: skip
# Bytes that are no request of HTTP, or one that never ends.
BROKEN = [
    b"", b"\r\n\r\n", b"\x00" * 100, b"GET", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"get /health HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999999\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 1e3\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    b"POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nhost: a\r\nexpect: nothing\r\ncontent-length: 2\r\n\r\n{}",
    b"GET /health HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost: a\r\n continued\r\n\r\n", b"GET /health HTTP/1.1\r\n: empty\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost\r\n\r\n", b"GET /health HTTP/1.1\r\nhost: a\nx: y\n\n",
    b"GET /%ff%00%2e%2e/ HTTP/1.1\r\nhost: a\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET //////// HTTP/1.1\r\nhost: a\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"POST /score HTTP/1.0\r\n\r\n{}", b"GET /v2/models//infer HTTP/1.1\r\nhost: a\r\n\r\n",
]  # fmt: skip
PATHS = ["/", "/score/", "/v2/models/coin/versions/99/infer", "/v2/models/nobody/infer", "/v2/models/coin/score",
         "/models/../score", "/score?version=%00", "/swagger.json?version=%ff", "/swagger.json?version=2&version=9",
         "/openapi.json?" + "a" * 5000, "*", "/%2e%2e/serving.json"]  # fmt: skip
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "M-SEARCH"]


def fitting(schema: Mapping[str, Any], components: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of the document allows."""
    if "$ref" in schema:
        return fitting(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        return st.one_of([fitting(each, components) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", ["null"])
    return st.one_of([_of_kind(kind, schema, components) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _of_kind(kind: str, schema: Mapping[str, Any], components: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "object":
        properties = {name: fitting(each, components) for name, each in schema.get("properties", {}).items()}
        needed = {name: properties.pop(name) for name in schema.get("required", ()) if name in properties}
        return st.fixed_dictionaries(needed, optional=properties)
    if kind == "array":
        if "prefixItems" in schema:
            return st.tuples(*(fitting(each, components) for each in schema["prefixItems"])).map(list)
        items = fitting(schema["items"], components) if schema.get("items") else ANYTHING
        return st.lists(items, min_size=schema.get("minItems", 0), max_size=max(schema.get("minItems", 0), 4))
    return {
        "string": TEXT,
        "integer": st.integers(max(schema.get("minimum", -(2**20)), -(2**20)), 2**20),
        "number": st.floats(-1e6, 1e6, allow_nan=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def requests(document: Mapping[str, Any], limit: int) -> st.SearchStrategy[tuple[str, bytes]]:
    """Requests as bytes, each with its kind: ``fitting`` ones are right, ``broken`` ones are no HTTP at all."""
    components = document["components"]["schemas"]
    routes = [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]
    posts = [
        (path, each["requestBody"]["content"]["application/json"]["schema"])
        for path, method, each in routes
        if method == "post"
    ]
    paths = st.sampled_from([path for path, _, _ in routes] + PATHS)

    @st.composite
    def right(draw: st.DrawFn) -> tuple[str, bytes]:
        path, schema = draw(st.sampled_from(posts))
        return "fitting", http("POST", path, _json(draw(fitting(schema, components))))

    @st.composite
    def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
        path, schema = draw(st.sampled_from(posts))
        body = bytearray(_json(draw(fitting(schema, components))))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, len(body)))
            body[at : at + draw(st.integers(0, 5))] = draw(st.binary(max_size=5))
        return "mutated", http("POST", path, bytes(body))

    @st.composite
    def odd(draw: st.DrawFn) -> tuple[str, bytes]:
        path = draw(st.sampled_from([path for path, _ in posts]))
        body = draw(st.sampled_from(ODD) | ANYTHING.map(_json) | st.binary(max_size=200))
        return "odd", http("POST", path, body)

    @st.composite
    def headed(draw: st.DrawFn) -> tuple[str, bytes]:
        path, schema = draw(st.sampled_from(posts))
        plain = _json(draw(fitting(schema, components)))
        body, coding = draw(
            st.sampled_from(
                [
                    (gzip.compress(plain), "gzip"),
                    (zlib.compress(plain), "deflate"),
                    (gzip.compress(plain)[:-4], "gzip"),
                    (gzip.compress(b" " * (100 * limit)), "gzip"),
                    (gzip.compress(gzip.compress(plain)), "gzip, gzip"),
                    (plain, "gzip"),
                    (plain, "br"),
                    (b"x" * (limit + 1), "identity"),
                ]
            )
        )
        extra = draw(
            st.sampled_from(
                [
                    {},
                    {"content-type": "text/plain"},
                    {"content-type": "application/json; charset=utf-16"},
                    {"inference-header-content-length": str(len(plain))},
                    {"inference-header-content-length": "-1"},
                    {"inference-header-content-length": "9" * 30},
                    {"x-request-id": "a" * 5000},
                    {"accept": "text/html"},
                ]
            )
        )
        return "headed", http("POST", path, body, {"content-encoding": coding, **extra})

    @st.composite
    def lost(draw: st.DrawFn) -> tuple[str, bytes]:
        return "lost", http(draw(st.sampled_from(METHODS)), draw(paths), draw(st.sampled_from([b"", b"{}"])))

    @st.composite
    def binary(draw: st.DrawFn) -> tuple[str, bytes]:
        rows = draw(st.integers(0, 3))
        data = draw(st.binary(max_size=40))
        said = draw(st.sampled_from([len(data), 8 * rows, 0, 7]))
        tensor = {"name": "numbers", "shape": [rows, 2], "datatype": "FP32", "parameters": {"binary_data_size": said}}
        texts = {"name": "texts", "shape": [rows, 1], "datatype": "BYTES", "data": ["edge"] * rows}
        head = _json({"inputs": draw(st.permutations([tensor, texts])), "parameters": {"binary_data_output": True}})
        length = draw(st.sampled_from([len(head), len(head) - 1, len(head) + len(data)]))
        headers = {"inference-header-content-length": str(length)}
        return "binary", http("POST", "/v2/models/coin/infer", head + data, headers)

    broken = st.sampled_from(BROKEN).map(lambda data: ("broken", data)) | st.binary(max_size=300).map(
        lambda data: ("broken", data)
    )
    return st.one_of(right(), mutated(), odd(), headed(), lost(), binary(), broken)


def http(method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    given = {"host": "here", "connection": "close", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def _json(value: Any) -> bytes:
    """JSON with all that Python lets into it: NaN, lone surrogates, integers without end."""
    return json.dumps(value).encode()
