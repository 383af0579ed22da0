"""Asking the stand-in in its own tests: with the standard library, not with the client that it is there to check."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.parts.azure_devops.fake import FakeAzureDevOps


@dataclass(frozen=True)
class Reply:
    """An answer. ``body`` is None where it is no JSON."""

    status: int
    data: bytes
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.data) if "json" in self.headers.get("content-type", "") else None


@dataclass
class Asking:
    """Somebody with the token."""

    server: FakeAzureDevOps
    authorization: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = "7.1",
        base: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Ask; a path that starts with ``/`` is below the first pull request."""
        if path.startswith("/"):
            path = f"ml/_apis/git/repositories/models/pullRequests/1{path}"
        url = urlsplit((base or self.server.url) + path)
        sent = {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"}
        if self.authorization is not None:
            sent["Authorization"] = self.authorization
        sent = {name: value for name, value in (sent | (headers or {})).items() if value}
        if body is None:
            sent.pop("Content-Type", None)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        query = "&".join(part for part in (url.query, version and f"api-version={version}") if part)
        with closing(HTTPConnection(url.netloc, timeout=10)) as connection:
            connection.request(method, f"{url.path}?{query}", data, sent)
            with connection.getresponse() as reply:
                found = {name.lower(): value for name, value in reply.getheaders()}
                return Reply(reply.status, reply.read(), found)
