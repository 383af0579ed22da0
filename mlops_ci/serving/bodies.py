"""Compressed bodies: what they become is limited as what is sent is."""

from __future__ import annotations

import zlib

from mlops_ci.serving.contracts import RequestError

# zlib's window bits, by the name of a content coding (RFC 9110, section 8.4.1).
_CODINGS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
_PIECE = 1 << 16


def decompressed(body: bytes, coding: bytes, limit: int) -> bytes:
    """Decompress piece by piece, so that what would grow beyond the limit never does.

    Raises:
        RequestError: it grows beyond the limit (413), the coding is unknown (415), or it is damaged (400).
    """
    if coding in (b"identity", b""):
        return body
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
    return RequestError(413, f"the body is larger than {limit} bytes")
