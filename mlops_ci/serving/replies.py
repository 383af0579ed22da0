"""Replies: small values, and their form in HTTP/1.1."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)
TEXT: Headers = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)
_KEEP, _CLOSE = b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"
_NOT_IN_A_HEADER = bytes.maketrans(b"\r\n\0", b"   ")


class Reply(NamedTuple):
    """A status, a body, and headers without its length."""

    status: int
    body: bytes
    headers: Headers = JSON


def json_reply(document: Any, status: int = 200) -> Reply:
    """A document as JSON."""
    return Reply(status, msgspec.json.encode(document))


def error_reply(status: int, message: str, request_id: str | None, headers: Headers = ()) -> Reply:
    """An error, in one line."""
    error = {"code": status, "message": " ".join(message.split())}
    body = msgspec.json.encode({"error": error if request_id is None else {**error, "id": request_id}})
    return Reply(status, body, (*JSON, *headers))


def head_of(reply: Reply, request_id: str, *, keep: bool) -> bytes:
    """The bytes before the body."""
    if reply.headers is JSON:
        headers = b"\r\ncontent-type: application/json"
    else:
        # A script's headers are somebody else's: none of them can end the head.
        lines = (b"\r\n%s: %s" % (name, value.translate(_NOT_IN_A_HEADER)) for name, value in reply.headers)
        headers = b"".join(lines)
    return b"%s%s%s\r\ncontent-length: %d\r\nx-request-id: %s%s" % (
        _status_line(reply.status),
        _date(),
        headers,
        len(reply.body),
        request_id.encode(),
        _KEEP if keep else _CLOSE,
    )


def plain_refusal(status: int, message: str) -> bytes:
    """An answer to what is no request."""
    reply = error_reply(status, message, None)
    head = b"%s%s\r\ncontent-type: application/json\r\ncontent-length: %d%s"
    return head % (_status_line(status), _date(), len(reply.body), _CLOSE) + reply.body


_lines: dict[int, bytes] = {}
_dated: tuple[int, bytes] = (0, b"")


def _status_line(status: int) -> bytes:
    line = _lines.get(status)
    if line is None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        line = _lines[status] = f"HTTP/1.1 {status} {phrase}".encode()
    return line


def _date() -> bytes:
    """The header with the time, which changes once a second."""
    global _dated
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, b"\r\ndate: " + formatdate(now, usegmt=True).encode())
    return _dated[1]
