"""Replies over HTTP: small values, and how they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)
TEXT: Headers = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)


class Reply(NamedTuple):
    """A status, a body, and headers without its length."""

    status: int
    body: bytes
    headers: Headers = JSON


def json_reply(document: Any, status: int = 200) -> Reply:
    """A document as JSON."""
    return Reply(status, msgspec.json.encode(document))


def error_reply(status: int, message: str, request_id: str, headers: Headers = ()) -> Reply:
    """An error, in one line."""
    line = " ".join(message.split())
    body = msgspec.json.encode({"error": {"code": status, "message": line, "id": request_id}})
    return Reply(status, body, (*JSON, *headers))


async def send_reply(send: Send, reply: Reply, request_id: str, *, close: bool, head: bool) -> None:
    """Send it; with ``close`` it is the last on its connection, with ``head`` the body stays here."""
    headers = [
        *reply.headers,
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", request_id.encode()),
    ]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})
