"""A proxy before any of the storages that spoils what passes, in an order that its seed decides."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.parts.loopback import Answer, Request, serve

FAULTS = ("late", "lost before", "lost after", "429", "500", "cut")
"""``lost before`` the storage got it, and ``lost after`` it did what was asked; ``cut`` ends a body halfway."""

Choose = Callable[[Request], str | None]
_KEPT_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@contextmanager
def faulty_proxy(endpoint: str, choose: Choose) -> Iterator[str]:
    """Stand before an endpoint; ``choose`` names the fault of a request, or None. Gives the endpoint to use instead."""
    target = urlsplit(endpoint)

    def forward(request: Request) -> Answer:
        connection = http.client.HTTPConnection(target.netloc, timeout=60)
        try:
            # With the Host header that came in: it is part of what was signed.
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(request.body)
            reply = connection.getresponse()
            body = reply.read()
            kept = {name: value for name, value in reply.getheaders() if name.lower() not in _KEPT_BY_HOP}
            if request.method == "HEAD" and reply.headers["content-length"]:
                kept["Content-Length"] = reply.headers["content-length"]
            return Answer(reply.status, body, kept)
        finally:
            connection.close()

    def handle(request: Request) -> Answer | None:
        fault = choose(request)
        match fault:
            case "lost before":
                return None
            case "lost after":
                forward(request)
                return None
            case "429" | "500":
                code = "SlowDown" if fault == "429" else "InternalError"
                return Answer(int(fault), f"<Error><Code>{code}</Code></Error>".encode())
            case "late":
                time.sleep(0.01)
        answer = forward(request)
        spoilt = fault == "cut" and request.method == "GET" and len(answer.body) > 1
        return Answer(answer.status, answer.body, answer.headers, cut=len(answer.body) // 2 if spoilt else None)

    with serve(handle) as spoilt:
        yield spoilt + target.path


def seeded(seed: int, share: float) -> Choose:
    """Spoil a share of all requests with any of the faults."""
    chance, lock = random.Random(seed), threading.Lock()

    def choose(request: Request) -> str | None:
        with lock:
            return chance.choice(FAULTS) if chance.random() < share else None

    return choose


def once(fault: str, method: str) -> Choose:
    """Spoil the first request of a method."""
    left = [fault]

    def choose(request: Request) -> str | None:
        return left.pop() if left and request.method == method else None

    return choose
