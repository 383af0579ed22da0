"""Sending to a receiver in its own tests, with the standard library."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


def send(url: str, body: Any, headers: dict[str, str], method: str = "POST") -> tuple[int, bytes]:
    """The status and the body of the answer; what is not bytes yet is sent as JSON."""
    address = urlsplit(url)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with closing(HTTPConnection(address.netloc, timeout=10)) as connection:
        connection.request(method, f"{address.path}?{address.query}", data, headers)
        with connection.getresponse() as reply:
            return reply.status, reply.read()
