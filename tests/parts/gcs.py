"""A stand-in for Google Cloud Storage, of which there is no emulator that creates only if absent.

It keeps state and speaks the XML API (cloud.google.com/storage/docs/xml-api) as far as object_store uses it. A request
that this contract does not have is answered with 400 and noted in ``complaints``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.parts.bucket import Bucket
from tests.parts.gcs_contract import problem_of
from tests.parts.gcs_objects import Kept, Uploads, listing, ranged
from tests.parts.loopback import Answer, Request, serve

_TOKEN = "ya29.the-token-of-the-tests"
_SECOND = 1.0


@dataclass
class Google:
    """The server's state, and how it behaves.

    ``overwrites`` makes it a storage without create-if-absent, which accepts both of two creations. ``one_a_second``
    answers 429 to a second write of one object within a second, as the service may. ``page`` is how much of a listing
    one reply holds.
    """

    name: str = "models"
    endpoint: str = ""
    overwrites: bool = False
    one_a_second: bool = False
    page: int = 1000
    complaints: list[str] = field(default_factory=list)
    refused: int = 0
    uploads: Uploads = field(default_factory=Uploads)
    _objects: dict[str, Kept] = field(default_factory=dict)
    _written: dict[str, float] = field(default_factory=dict)
    _generation: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bucket(self) -> Bucket:
        """How to reach it."""
        return Bucket("gs", self.name, self.endpoint, {"GOOGLE_BEARER_TOKEN": _TOKEN})

    def answer(self, request: Request) -> Answer:
        """Answer a request, all of it at one instant."""
        with self._lock:
            problem = problem_of(request)
            if problem:
                self.complaints.append(f"{request.method} {request.target}: {problem}")
                return _error(400, "InvalidArgument", problem)
            if request.headers.get("authorization") != f"Bearer {_TOKEN}":
                return _error(401, "AuthenticationRequired", "Authentication required.")
            bucket, _, name = request.path.removeprefix("/").partition("/")
            if bucket != self.name:
                return _error(404, "NoSuchBucket", "The specified bucket does not exist.")
            if not name:
                return listing(self._objects, request.query, self.name, self.page)
            return self._of_object(name, request)

    def _of_object(self, name: str, request: Request) -> Answer:
        query = request.query
        match request.method:
            case "PUT" if "uploadId" in query:
                tag = self.uploads.take(query["uploadId"], int(query["partNumber"]), request.body)
                return Answer(200, headers={"ETag": tag}) if tag else _error(404, "NoSuchUpload", "No such upload.")
            case "PUT":
                return self._write(name, request, request.body, request.headers.get("content-type", ""))
            case "POST" if "uploads" in query:
                return self.uploads.begin(self.name, name)
            case "POST":
                data = self.uploads.complete(query["uploadId"], request.body)
                if isinstance(data, Answer):
                    return data
                made = self._keep(name, data, "application/octet-stream")
                body = f"<CompleteMultipartUploadResult><ETag>{made.tag}</ETag></CompleteMultipartUploadResult>"
                return Answer(200, body.encode(), made.headers())
            case "DELETE" if "uploadId" in query:
                self.uploads.abort(query["uploadId"])
                return Answer(204)
        kept = self._objects.get(name)
        if kept is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        if request.method == "DELETE":
            del self._objects[name]
            return Answer(204)
        if request.headers.get("if-match", kept.tag) != kept.tag:
            return _error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold.")
        return ranged(kept, request)

    def _write(self, name: str, request: Request, data: bytes, kind: str) -> Answer:
        free = request.headers.get("x-goog-if-generation-match") == "0"
        if free and name in self._objects and not self.overwrites:
            return _error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold.")
        now = time.monotonic()
        if self.one_a_second and now - self._written.get(name, -_SECOND) < _SECOND:
            self.refused += 1
            return _error(429, "SlowDown", "The object exceeded the rate limit for object mutation operations.")
        self._written[name] = now
        return Answer(200, headers=self._keep(name, data, kind).headers())

    def _keep(self, name: str, data: bytes, kind: str) -> Kept:
        self._generation += 1
        self._objects[name] = Kept(data, self._generation, kind, time.time())
        return self._objects[name]


def _error(status: int, code: str, message: str) -> Answer:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})


@contextmanager
def google() -> Iterator[Google]:
    """A running stand-in with an empty bucket."""
    server = Google()
    with serve(server.answer) as endpoint:
        server.endpoint = endpoint
        yield server
