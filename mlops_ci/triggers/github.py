"""What all requests to GitHub's REST API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_ci.records.codec import encode
from mlops_ci.triggers.call import JSON, Call, Means, part

LARGEST_PAYLOAD = 65_000
"""Bytes of JSON; GitHub takes less than 65,536 characters."""


def github_call(
    means: Means,
    repository: str,
    path: str,
    document: Any = None,
    *,
    variable: str,
    permission: str,
    hints: Mapping[int, str] | None = None,
    example: Any = None,
) -> Call:
    """A request about a repository: a POST of a document, or a GET without one.

    Args:
        means: the token and the API's address.
        repository: ``owner/name``.
        path: below the repository.
        document: what is sent.
        variable: holds the token; for hints.
        permission: what the token must be allowed to do.
        hints: further ones, by status.
        example: an answer.
    """
    owner, name = repository.split("/")
    return Call(
        service="GitHub",
        method="GET" if document is None else "POST",
        url=f"{means.github.rstrip('/')}/repos/{part(owner)}/{part(name)}/{path}",
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {means.secret}",
            "X-GitHub-Api-Version": "2022-11-28",
            **({} if document is None else {"Content-Type": JSON}),
        },
        body=b"" if document is None else encode(document),
        secret_headers=frozenset({"Authorization"}),
        hints={
            401: f"check {variable}: the token is none, or has expired",
            403: f"give the token in {variable} the permission {permission} for {repository}",
            404: f"check the name, and that the token in {variable} has the permission {permission} for {repository}",
            **(hints or {}),
        },
        example=example,
    )
