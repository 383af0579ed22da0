"""The body of a request, within limits: of what is sent, and of what that becomes when it is decompressed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.replies import Receive

# zlib's window bits, by the name of a content coding (RFC 9110, section 8.4.1).
_CODINGS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
_PIECE = 1 << 16


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int, timeout: float) -> bytes:
    """Read and decompress a body.

    Raises:
        RequestError: it is too large (413), in an unknown coding (415), damaged (400), or does not come (408).
    """
    length = headers.get(b"content-length")
    if length is not None and (not length.isdigit() or int(length) > limit):
        raise _too_large(limit)
    message = await _received(receive, timeout)
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        pieces, size, deadline = [body], len(body), asyncio.get_running_loop().time() + timeout
        while message.get("more_body"):
            message = await _received(receive, deadline - asyncio.get_running_loop().time())
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > limit:
                raise _too_large(limit)
        body = b"".join(pieces)
    if len(body) > limit:
        raise _too_large(limit)
    coding = headers.get(b"content-encoding", b"identity").strip().lower()
    return body if coding in (b"identity", b"") else decompressed(body, coding, limit)


async def _received(receive: Receive, timeout: float) -> Mapping[str, object] | dict[str, object]:
    try:
        async with asyncio.timeout(timeout):
            message = await receive()
    except TimeoutError as error:
        raise RequestError(408, "the body of the request did not come in time") from error
    if message["type"] == "http.disconnect":
        raise RequestError(400, "the connection was closed before the request was complete")
    return message


def decompressed(body: bytes, coding: bytes, limit: int) -> bytes:
    """Decompress piece by piece, so that what would grow beyond the limit never does.

    Raises:
        RequestError: it grows beyond the limit (413), the coding is unknown (415), or it is damaged (400).
    """
    if coding not in _CODINGS:
        known = "gzip, deflate"
        raise RequestError(415, f"the content coding is not known here; known are {known}", _ACCEPT)
    stream, pieces, size, rest = zlib.decompressobj(_CODINGS[coding]), [], 0, body
    try:
        while rest and not stream.eof:
            pieces.append(stream.decompress(rest, _PIECE))
            rest = stream.unconsumed_tail
            size += len(pieces[-1])
            if size > limit:
                raise _too_large(limit)
        pieces.append(stream.flush())
    except zlib.error as error:
        raise RequestError(400, f"the body is not {coding.decode()}: it is damaged") from error
    if not stream.eof or stream.unused_data:
        raise RequestError(400, f"the body is not {coding.decode()}: it is cut short, or something follows it")
    if size + len(pieces[-1]) > limit:
        raise _too_large(limit)
    return b"".join(pieces)


_ACCEPT = ((b"accept-encoding", b"gzip, deflate"),)


def _too_large(limit: int) -> RequestError:
    # The rest of the body is not read: the connection cannot be used again.
    return RequestError(413, f"the body is larger than {limit} bytes", ((b"connection", b"close"),))
