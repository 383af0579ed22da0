"""How Azure DevOps words its answers and refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.parts.faults import refuse_plainly
from tests.parts.loopback import Answer

_TYPE = {"Content-Type": "application/json; charset=utf-8; api-version=7.1"}
_GIT = "Microsoft.TeamFoundation.Git.Server"


class RefusedError(Exception):
    """A request that the service refuses; ``kind`` is the name of its exception."""

    def __init__(self, status: int, kind: str, message: str, *, namespace: str = _GIT) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.namespace = status, kind, message, namespace


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), {**_TYPE, **(headers or {})})


def listed(values: Sequence[Any]) -> Answer:
    """A list, in the envelope of the service."""
    return reply({"value": list(values), "count": len(values)})


def refusal(refused: RefusedError, headers: Mapping[str, str] | None = None) -> Answer:
    """A refusal, with the type and the message that people search for."""
    body = {
        "$id": "1",
        "innerException": None,
        "message": refused.message,
        "typeName": f"{refused.namespace}.{refused.kind}, {refused.namespace}",
        "typeKey": refused.kind,
        "errorCode": 0,
        "eventId": 3000,
    }
    return reply(body, refused.status, headers)


def overloaded(status: int, headers: Mapping[str, str]) -> Answer:
    """How it refuses while it is busy or broken."""
    framework = "Microsoft.TeamFoundation.Framework.Server"
    if status == 429:
        limits = {
            "X-RateLimit-Resource": "Concurrency",
            "X-RateLimit-Delay": "0",
            "X-RateLimit-Limit": "200",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + int(headers.get("Retry-After", "0"))),
        }
        message = (
            "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource "
            "'Concurrency' in namespace 'User'."
        )
        return refusal(
            RefusedError(429, "RequestBlockedException", message, namespace=framework), {**headers, **limits}
        )
    if status == 500:
        message = "TF400898: An Internal Error Occurred. Activity Id: 00000000-0000-0000-0000-000000000000."
        return refusal(RefusedError(500, "TeamFoundationServerException", message, namespace=framework), headers)
    return refuse_plainly(status, headers)


def now() -> str:
    """The time as the service writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
