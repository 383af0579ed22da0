"""Shows requests without sending them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlops_ci.edge.redaction import MASK
from mlops_ci.triggers.call import Call, Talk


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as it may be seen: secrets are masked. ``body`` is the JSON that would be sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any = None


def rehearse(talk: Talk) -> tuple[Shown, ...]:
    """The requests of a talk, with examples for the answers.

    Raises:
        UsageError: a request cannot be made.
    """
    shown = []
    try:
        call = next(talk)
        while True:
            shown.append(_shown(call))
            call = talk.send(call.example)
    except StopIteration:
        return tuple(shown)


def _shown(call: Call) -> Shown:
    parts = urlsplit(call.url)
    return Shown(
        method=call.method,
        url=f"{parts.scheme}://{parts.hostname}/{MASK}" if call.secret_address else call.url,
        headers={name: MASK if name in call.secret_headers else value for name, value in call.headers.items()},
        body=json.loads(call.body) if call.body else None,
    )
