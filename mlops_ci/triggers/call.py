"""What a kind of receiver makes of an event: requests as values, which somebody else sends."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from mlops_ci.records.codec import encode

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    ``secret_headers`` are those whose values nobody may see, and ``secret_address`` says the same of the address below
    its host. ``hints`` say what to do about a refusal, by status. ``example`` stands for the answer where nothing is
    sent.
    """

    service: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    secret_headers: frozenset[str] = frozenset()
    secret_address: bool = False
    hints: Mapping[int, str] = field(default_factory=dict)
    example: Any = None


Talk = Generator[Call, Any, str | None]
"""Requests one after the other, each given the JSON of the answer to the one before (None: no JSON); in the end
a receipt, or None if there is none to have."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a kind needs besides the event and the receiver.

    ``secret`` is the value of the receiver's variable; ``now`` the time in epoch seconds; ``github`` the base of
    GitHub's API and ``azure`` that of Azure DevOps.
    """

    secret: str
    now: int
    github: str
    azure: str


def json_call(
    service: str, url: str, document: Any, headers: Mapping[str, str], *, secret: str, hints: Mapping[int, str]
) -> Call:
    """A POST of JSON with one secret header."""
    return Call(
        service=service,
        method="POST",
        url=url,
        headers={"Content-Type": JSON, **headers},
        body=encode(document),
        secret_headers=frozenset({secret}),
        hints=hints,
    )


def part(text: object) -> str:
    """A text as one part of a path."""
    return quote(str(text), safe="")


def identity(answer: Any) -> str | None:
    """The number that a service has given to what it made, as it says in its answer."""
    found = answer.get("id") if isinstance(answer, dict) else None
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None
