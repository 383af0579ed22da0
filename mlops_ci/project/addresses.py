"""Which addresses may be written to with a secret."""

from __future__ import annotations

from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def address_problem(url: str) -> tuple[str, str] | None:
    """What is wrong with an address, and what to do; None for ``https``, and for ``http`` on this machine."""
    write = "write it as https://host/path"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "not an address", write
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable() or " " in url:
        return "not an address", write
    if parts.username is not None:
        return "the address has a credential in it", "keep it in a variable"
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return "the address is not encrypted", "use https://"
    return None
