"""Connections, as uvicorn has them, within limits that it does not know: long heads, and requests that never end."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 << 10


class Connection(HttpToolsProtocol):
    """A connection. ``waits_since`` is when it began to wait for the rest of a request, by the clock of the loop."""

    _head = 0
    _in_head = False
    waits_since: float | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self.waits_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Read on, if the head is not too long."""
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MAX_HEAD:
                self.refuse(b"431 Request Header Fields Too Large", "the head of the request is too long")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head, self._in_head = 0, True
        if self.waits_since is None:
            self.waits_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there."""
        super().on_message_complete()
        self.waits_since = None

    def refuse(self, status: bytes, message: str) -> None:
        """Answer outside of the application, and close."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = b'{"error":{"code":%s,"message":"%s"}}' % (status[:3], message.encode())
            head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d" % len(body)
            self.transport.write(b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status, head, body))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP is told so as everything else is."""
        del msg
        self.refuse(b"400 Bad Request", "this is not HTTP")


def refuse_the_slow(connections: set[Any], now: float, timeout: float) -> None:
    """Close connections whose request has not come within the time; called now and then, not for each request."""
    for connection in list(connections):
        since = connection.waits_since
        if since is not None and now - since > timeout and not connection.transport.is_closing():
            connection.refuse(b"408 Request Timeout", "the request did not come in time")
