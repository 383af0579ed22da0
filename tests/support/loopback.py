"""A loopback server that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.parts import loopback as plain
from tests.parts.loopback import Request


@dataclass(frozen=True)
class Reply:
    """An answer. ``cut`` breaks the connection after so many bytes of the body; 0 sends nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


DROP = Reply(cut=0)
Answer = Callable[[Request], Reply]


def of_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def in_turn(*replies: Reply) -> Answer:
    """Each request gets the next reply; the last one is given again and again."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


@dataclass
class Loopback:
    """The running server."""

    url: str
    requests: list[Request]
    answer: Answer

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.requests]


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve until the end of the block."""
    server = Loopback("", [], answer)

    def handle(request: Request) -> plain.Answer | None:
        server.requests.append(request)
        reply = server.answer(request)
        return None if reply.cut == 0 else plain.Answer(reply.status, reply.body, reply.headers, reply.cut)

    with plain.serve(handle, context) as server.url:
        yield server
