"""Which requests the XML API of Google Cloud Storage has, as far as the stand-in has them."""

from __future__ import annotations

import re

from tests.parts.loopback import Request

_ANY = {"host", "user-agent", "accept", "accept-encoding", "authorization", "content-length", "content-type"}
_MOST_OF_A_PUT = 5 << 40
# What is asked for, told by its parameters: which methods, further parameters and headers it takes.
_LISTING = {"list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type"}
_READING = {"range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
_WRITING = {"x-goog-if-generation-match", "cache-control", "content-disposition", "content-encoding"}
_OBJECT: dict[tuple[str, frozenset[str]], set[str]] = {
    ("GET", frozenset()): _READING,
    ("HEAD", frozenset()): _READING,
    ("PUT", frozenset()): _WRITING,
    ("DELETE", frozenset()): {"x-goog-if-generation-match"},
    ("POST", frozenset({"uploads"})): set(),
    ("PUT", frozenset({"uploadId", "partNumber"})): set(),
    ("POST", frozenset({"uploadId"})): {"x-goog-if-generation-match"},
    ("DELETE", frozenset({"uploadId"})): set(),
}


def problem_of(request: Request) -> str | None:
    """Say what is wrong with a request; None for a sound one."""
    bucket, _, name = request.path.removeprefix("/").partition("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", bucket):
        return "no bucket"
    if not name:
        return _problem_of_listing(request)
    query = request.query
    headers = _OBJECT.get((request.method, frozenset(query)))
    if headers is None:
        return f"no such request: {sorted(query)}"
    if len(name.encode()) > 1024 or re.search("[\r\n]", name) or name in {".", ".."}:
        return "no name of an object"
    if unknown := set(request.headers) - _ANY - headers:
        return f"unknown headers: {sorted(unknown)}"
    if request.method in {"PUT", "POST"} and "content-length" not in request.headers:
        return "no Content-Length"
    if not re.fullmatch(r"\d+|", request.headers.get("x-goog-if-generation-match", "")):
        return "not a generation"
    if not re.fullmatch(r"bytes=(\d+-\d*|-\d+)|", request.headers.get("range", "")):
        return "not a range"
    if not 1 <= int(query.get("partNumber", "1")) <= 10_000:
        return "not the number of a part"
    return None


def _problem_of_listing(request: Request) -> str | None:
    query = request.query
    if request.method != "GET" or query.get("list-type") != "2":
        return "no such request of a bucket"
    if unknown := set(query) - _LISTING:
        return f"unknown parameters: {sorted(unknown)}"
    if not 1 <= int(query.get("max-keys", "1000")) <= 1000:
        return "max-keys is out of bounds"
    return None
