"""Azure DevOps with a repository that is one: git answers what is asked of git, the stand-in all else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from tests.parts.azure_devops import FakeAzureDevOps
from tests.parts.azure_devops.access import stranger
from tests.parts.git_http import Repository, answered_by_git
from tests.parts.loopback import Answer, Request, serve

_ASKING = Answer(401, b"", {"WWW-Authenticate": 'Basic realm="https://dev.azure.com/"'})


@contextmanager
def collection(origin: Repository, token: str) -> Iterator[FakeAzureDevOps]:
    """One that runs until the block ends, and must have seen no request that the reference does not have."""
    server = FakeAzureDevOps(token=token)
    place = f"/{server.organization}/{server.project.name}/_git/{server.repository.name}"

    def receive(request: Request) -> Answer | None:
        if not request.target.startswith(place):
            return server.receive(request)
        if "authorization" not in request.headers:
            return _ASKING
        return stranger(request, server.token, None) or _of_git(request)

    def _of_git(request: Request) -> Answer:
        path, _, query = request.target.removeprefix(place).partition("?")
        packed = request.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(request.body) if packed else request.body
        path = f"/{origin.path.name}{path}"
        status, headers, reply = answered_by_git(origin.path.parent, request.method, path, query, request.headers, body)
        return Answer(status, reply, headers)

    with serve(receive) as server.endpoint:
        yield server
    assert server.violations == []
