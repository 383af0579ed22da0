"""A connection: HTTP/1.1, parsed by httptools (llhttp), answered in order.

There is no framework between a request and its answer, and no task where the answer can be had at once:
docs/decisions/0010-the-server-speaks-http-itself.md says why.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any, Protocol, cast
from urllib.parse import unquote

import httptools

from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.replies import Reply, head_of, plain_refusal
from mlops_ci.serving.routes import Request

logger = logging.getLogger("mlops_ci.serving")
MAX_HEAD = 64 << 10
_MAX_PIPELINE = 32
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Application(Protocol):
    """What answers requests."""

    max_request: int
    draining: bool

    def admit(self, request: Request) -> None:
        """Look at the head of a request.

        Raises:
            RequestError: it is not answered, whatever its body is.
        """
        ...

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """Answer a request, at once where that can be; never raises."""
        ...

    def request(self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> Request:
        """A request, which begins now."""
        ...


class Connection(asyncio.Protocol):
    """One connection. ``since`` is when it began to wait for its client: for a request, or until an answer is read.

    ``is_new`` until its first answer: whoever has just connected is about to ask.
    """

    def __init__(self, application: Application, connections: set[Connection]) -> None:
        self._application = application
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._request: Request | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._head = 0
        self._fields = 0
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._choked = False
        self.is_new = True
        self.since = time.monotonic()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature of a protocol
        """They have gone; what was to be computed for them need not be."""
        self._closed = True
        self._connections.discard(self)
        self._waiting.clear()
        # The parser and we hold each other; what a large request left would stay until the next great collection.
        self._url, self._headers, self._body, self._request = b"", [], [], None
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._closed:
            return  # what still comes of a request that was refused
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            logger.error("a connection failed", exc_info=error)
            self.refuse(500, "the server failed; its log has the reason")
        except httptools.HttpParserError:
            self.refuse(400, "this is not HTTP/1.1")
        if self._request is None and self._url and not self._closed:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self.refuse(431, "the head of the request is too long")

    def pause_writing(self) -> None:
        """The answers are not read: no more are made."""
        self._choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """They are read again."""
        self._choked = False
        self._transport.resume_reading()
        self._next()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url, self._headers, self._head, self._fields = b"", [], 0, 0

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        if not self._closed:
            self._url += url
            self._fields += len(url)
            if self._fields > MAX_HEAD:
                self.refuse(431, "the head of the request is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if not self._closed:
            self._headers.append((name.lower(), value))
            self._fields += len(name) + len(value) + 4  # with ": " and the end of the line
            if self._fields > MAX_HEAD:
                self.refuse(431, "the head of the request is too long")

    def on_headers_complete(self) -> None:
        """Its head is there."""
        if self._closed:
            return
        path, _, query = self._url.partition(b"?")
        if not path.startswith(b"/"):
            path = _path(self._url)
        text = path.decode("ascii", "replace")
        method = self._parser.get_method().decode("ascii")
        request = self._application.request(method, unquote(text) if "%" in text else text, query, self._headers)
        self._request, self._body, self._size = request, [], 0
        length = request.headers.get(b"content-length", b"0")
        if len(length) > 18 or int(length) > self._application.max_request:
            self.refuse(413, f"the body is larger than {self._application.max_request} bytes")
            return
        try:
            self._application.admit(request)
        except RequestError as error:
            request.refused = error
        else:
            if b"expect" in request.headers and request.headers[b"expect"].lower() == b"100-continue":
                self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        if self._closed or self._request is None:
            return
        self._size += len(body)
        if self._size > self._application.max_request:
            self.refuse(413, f"the body is larger than {self._application.max_request} bytes")
        elif self._request.refused is None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """It is there."""
        if self._parser.should_upgrade():
            return  # the parser has left out the body
        request, self._request, self._url = self._request, None, b""
        if self._closed or request is None:
            return
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._waiting.append((request, self._parser.should_keep_alive()))
        if len(self._waiting) > _MAX_PIPELINE:
            self._transport.pause_reading()
        if self._task is None:
            self._next()

    # Answers.

    @property
    def busy(self) -> bool:
        """Whether an answer is owed."""
        return self._task is not None or bool(self._waiting) or self._request is not None or bool(self._url)

    @property
    def stuck(self) -> bool:
        """Whether it waits for its client: for the rest of a request, or until an answer is read."""
        return self._task is None and (self._request is not None or bool(self._url) or self._choked or self._closed)

    def close(self) -> None:
        """Close it, whatever it is in."""
        self._transport.close()

    def refuse(self, status: int, message: str) -> None:
        """Answer what is no request, or only the beginning of one; nothing more is read.

        The client may still be sending. Were the connection closed now, it would hear of that instead of the answer:
        so it is half closed, and the rest of it later.
        """
        if self._closed:
            return
        self._closed, self._body, self.since = True, [], time.monotonic()
        self._waiting.clear()
        if self._task is None:
            self._transport.write(plain_refusal(status, message))
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _next(self) -> None:
        """Answer the requests that are there, in order."""
        while self._waiting and self._task is None and not self._choked:
            request, keep = self._waiting.popleft()
            answer = self._application.respond(request)
            if isinstance(answer, Reply):
                self._write(request, answer, keep)
            else:
                self._task = asyncio.get_running_loop().create_task(self._later(request, answer, keep))
        if not self._waiting and not self._choked and not self._closed:
            self._transport.resume_reading()

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Who offers another protocol goes on with this one if nobody takes it up (RFC 9110, section 7.8).

        The parser stops after such a head; it gets the head again, without the offer, and then what follows.
        """
        if self._request is None or self._request.method == "CONNECT":
            self.refuse(405, "this is no proxy")
            return
        offer = (b"upgrade", b"connection", b"http2-settings")
        lines = [b"%s %s HTTP/1.1" % (self._request.method.encode(), self._url)]
        lines += [b"%s: %s" % header for header in self._headers if header[0] not in offer]
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    async def _later(self, request: Request, answer: Awaitable[Reply], keep: bool) -> None:
        reply = await answer
        self._task = None
        if not self._transport.is_closing():
            self._write(request, reply, keep)
            self._next()

    def _write(self, request: Request, reply: Reply, keep: bool) -> None:
        keep = keep and not self._application.draining and not self._closed
        head = head_of(reply, request.id, keep=keep)
        self._transport.write(head if request.method == "HEAD" else head + reply.body)
        self.is_new, self.since = False, time.monotonic()
        if not keep:
            self._closed = True
            self._waiting.clear()
            self._transport.close()


def _path(target: bytes) -> bytes:
    """The path of a target that is a whole address, as clients of proxies send it."""
    try:
        return bytes(httptools.parse_url(target).path or b"/")
    except httptools.HttpParserError:
        return target


def expect_in_time(connections: set[Any], now: float, timeout: float, idle: float) -> None:
    """Close connections that have waited too long for their client; called now and then, not for each request."""
    for connection in list(connections):
        waited = now - connection.since
        if connection.stuck and waited > timeout:
            connection.refuse(408, "the request did not come in time")
            connection.close()
        elif not connection.busy and waited > idle:
            connection.close()
