"""What requests to Azure DevOps have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_ci.hosts.azure.credentials import authorization_of
from mlops_ci.records.codec import encode
from mlops_ci.triggers.call import JSON, Call, Means, part

CLOUD = "https://dev.azure.com"
_RELEASES = "https://vsrm.dev.azure.com"


def azure_call(
    means: Means,
    place: tuple[str, str],
    path: str,
    document: Any = None,
    *,
    variable: str,
    hints: Mapping[int, str],
    release: bool = False,
    example: Any = None,
) -> Call:
    """A request about a project: a POST of a document, or a GET without one.

    Args:
        means: the token and the service's address.
        place: organisation and project.
        path: below the project.
        document: what is sent.
        variable: holds the token; for hints.
        hints: what to do about a refusal, by status.
        release: whether it is of release management, which has a host of its own in the cloud.
        example: an answer.
    """
    base = means.azure.rstrip("/")
    base = _RELEASES if release and base == CLOUD else base
    return Call(
        service="Azure DevOps",
        method="GET" if document is None else "POST",
        url=f"{base}/{part(place[0])}/{part(place[1])}/{path}",
        headers={
            "Accept": JSON,
            "Authorization": authorization_of(means.secret),
            **({} if document is None else {"Content-Type": JSON}),
        },
        body=b"" if document is None else encode(document),
        secret_headers=frozenset({"Authorization"}),
        hints={401: f"check {variable}: the token is none, or has expired", **hints},
        example=example,
    )
