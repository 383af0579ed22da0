"""A registry that keeps what it gets, lets in whom it should, and fails where it is told to.

It checks what it gets against the Distribution specification: digests, lengths, and that a manifest comes after all
that it names. The real registry of tests/parts cannot be made to fail, and knows neither tokens nor referrers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mlops_ci.records.digest import digest_of_bytes, is_digest

_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>blobs|manifests|referrers)/(?P<rest>.+)?")
USER, PASSWORD, TOKEN = "ci", "the-password", "the-identity-token"


@dataclass
class FakeRegistry:
    """The registry's state; ``scheme`` is how it lets people in: not at all, by ``basic`` or by ``bearer``."""

    scheme: str = ""
    referrers: bool = False
    may_push: bool = True
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    manifests: dict[str, dict[str, bytes]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    granted: list[list[str]] = field(default_factory=list)
    break_uploads: int = 0
    address: str = ""

    def sent(self, repository: str) -> list[str]:
        """The digests of what was uploaded to a repository, in order."""
        pattern = re.compile(rf"/v2/{repository}/blobs/uploads/1\?digest=(.*)")
        found = (pattern.fullmatch(path) for method, path in self.requests if method == "PUT")
        return [match[1].replace("%3A", ":") for match in found if match]


@contextmanager
def fake_registry(**settings: Any) -> Iterator[FakeRegistry]:
    """A running registry."""
    state = FakeRegistry(**settings)

    class Bound(_Handler):
        registry = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    state.address = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        return

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        assert "Transfer-Encoding" not in self.headers, "not every registry takes chunks"
        self.registry.requests.append((self.command, self.path))
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path == "/token":
            self._token(query, parse_qs(body.decode()))
        elif self._let_in(url.path):
            self._serve(url.path, query, body)

    def _let_in(self, path: str) -> bool:
        registry, given = self.registry, self.headers.get("Authorization", "")
        match = _PATH.fullmatch(path)
        repository = match["name"] if match else ""
        action = "pull" if self.command in {"GET", "HEAD"} else "push"
        challenge = ""
        if registry.scheme == "basic" and given != _basic(USER, PASSWORD):
            challenge = 'Basic realm="tests"'
        if registry.scheme == "bearer":
            allowed = given.removeprefix("Bearer ").split("|") if given.startswith("Bearer ") else []
            if f"{repository}:{action}" not in allowed:
                scope, realm = f"repository:{repository}:{action}", f"http://{registry.address}/token"
                challenge = f'Bearer realm="{realm}",service="tests",scope="{scope}"'
        if challenge:
            self._reply(401, _error("UNAUTHORIZED", "authentication required"), {"WWW-Authenticate": challenge})
            return False
        if action == "push" and not registry.may_push:
            self._reply(403, _error("DENIED", "requested access to the resource is denied"))
            return False
        return True

    def _token(self, query: dict[str, list[str]], form: dict[str, list[str]]) -> None:
        given = self.headers.get("Authorization", "")
        if self.command == "POST":
            assert form["grant_type"] == ["refresh_token"]
            known, scopes = form["refresh_token"] == [TOKEN], form["scope"][0].split(" ")
        else:
            known, scopes = given == _basic(USER, PASSWORD), query["scope"]
        if given and not known:
            self._reply(401, {"message": "wrong password"})
            return
        self.registry.granted.append(scopes)
        rights = []
        for scope in scopes:
            kind, repository, actions = scope.split(":")
            assert kind == "repository"
            rights += [f"{repository}:{each}" for each in actions.split(",") if known or each == "pull"]
        self._reply(200, {"token": "|".join(rights)})

    def _serve(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        match = _PATH.fullmatch(path)
        assert match, path
        name, rest = match["name"], match["rest"] or ""
        {"blobs": self._blobs, "manifests": self._manifests, "referrers": self._attached}[match["kind"]](
            name, rest, query, body
        )

    def _blobs(self, name: str, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        blobs = self.registry.blobs.setdefault(name, {})
        if rest == "uploads/" and "mount" in query:
            ((digest,), (source,)) = query["mount"], query["from"]
            data = self.registry.blobs.get(source, {}).get(digest)
            if data is not None:
                blobs[digest] = data
                self._reply(201, None, {"Location": f"/v2/{name}/blobs/{digest}"})
                return
        if rest == "uploads/":
            self._reply(202, None, {"Location": f"/v2/{name}/blobs/uploads/1"})
        elif rest == "uploads/1" and self.command == "DELETE":
            self._reply(204, None)
        elif rest == "uploads/1":
            (digest,) = query["digest"]
            if self.registry.break_uploads:
                self.registry.break_uploads -= 1
                self.close_connection = True
                return
            assert self.headers["Content-Type"] == "application/octet-stream"
            if digest_of_bytes(body) != digest:
                self._reply(400, _error("DIGEST_INVALID", "the digest does not match"))
                return
            blobs[digest] = body
            self._reply(201, None, {"Location": f"/v2/{name}/blobs/{digest}"})
        elif rest in blobs:
            self._reply(200, blobs[rest], {"Docker-Content-Digest": rest})
        else:
            self._reply(404, _error("BLOB_UNKNOWN", "blob unknown"))

    def _manifests(self, name: str, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        manifests = self.registry.manifests.setdefault(name, {})
        if self.command == "PUT":
            document = json.loads(body)
            assert document["mediaType"] == self.headers["Content-Type"]
            blobs = self.registry.blobs.get(name, {})
            for each in (*document.get("layers", ()), *([document["config"]] if "config" in document else ())):
                assert len(blobs[each["digest"]]) == each["size"], "a manifest comes after what it names"
            digest = digest_of_bytes(body)
            assert not is_digest(rest) or rest == digest
            manifests[rest] = manifests[digest] = body
            accounted = self.registry.referrers and "subject" in document
            told = {"OCI-Subject": document["subject"]["digest"]} if accounted else {}
            self._reply(201, None, {"Docker-Content-Digest": digest, **told})
        elif rest in manifests:
            data = manifests[rest]
            kind = json.loads(data).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
            assert kind in self.headers["Accept"]
            self._reply(200, data, {"Content-Type": kind})
        else:
            self._reply(404, _error("MANIFEST_UNKNOWN", "manifest unknown"))

    def _attached(self, name: str, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        if not self.registry.referrers:
            self._reply(404, None)
            return
        found = []
        for selector, data in self.registry.manifests.get(name, {}).items():
            document = json.loads(data)
            if is_digest(selector) and document.get("subject", {}).get("digest") == rest:
                described = {"mediaType": document["mediaType"], "digest": selector, "size": len(data)}
                found.append({**described, "artifactType": document["artifactType"]})
        kind = "application/vnd.oci.image.index.v1+json"
        self._reply(200, {"schemaVersion": 2, "mediaType": kind, "manifests": found})

    def _reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
