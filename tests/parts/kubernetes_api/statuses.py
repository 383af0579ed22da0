"""Refusals in the words of the API server: objects of the kind Status."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.parts.kubernetes_api.applying import Manager, Path
from tests.parts.loopback import Answer

_JSON = {"Content-Type": "application/json"}
_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def document(value: Any, status: int = 200) -> Answer:
    """A success."""
    return Answer(status, json.dumps(value).encode(), _JSON)


def refusal(
    status: int, message: str, details: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """A refusal."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(status, "Unknown"),
        "details": dict(details or {}),
        "code": status,
    }
    return Answer(status, json.dumps(body).encode(), {**_JSON, **(headers or {})})


def conflicting(found: Sequence[tuple[Path, Manager]], version: str) -> Answer:
    """The refusal of an apply, because of what others have decided."""
    causes = []
    for path, other in found:
        part = f' with subresource "{other.subresource}"' if other.subresource else ""
        message = f'conflict with "{other.name}"{part} using {version}'
        causes.append({"reason": "FieldManagerConflict", "message": message, "field": "." + ".".join(path)})
    said = f"Apply failed with {len(causes)} conflict: {causes[0]['message']}: {causes[0]['field']}"
    return refusal(409, said, {"causes": causes})
