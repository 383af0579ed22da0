"""An HTTP server on the loopback interface, out of one function from a request to an answer."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

_PIECES = 8


@dataclass(frozen=True)
class Request:
    """What came in. ``target`` is the path and query as sent; ``headers`` are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What goes out; of a body that is ``cut`` only so many bytes, and then the connection ends.

    A body ``in_pieces`` arrives bit by bit.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    in_pieces: bool = False


RESET = Answer(0)
"""No answer: the connection is reset (RST), not closed."""

Handle = Callable[[Request], Answer | None]
"""Answers a request; None breaks the connection off without a word."""


@contextmanager
def serve(handle: Handle, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port until the block ends; gives the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = handle(Request(self.command, self.path, headers, body))
            if answer is None:
                self.close_connection = True
                return
            if answer is RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # The server shuts a connection down before it closes it, which would end it in an orderly way.
                os.close(self.connection.detach())
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not any(name.lower() == "content-length" for name in answer.headers) and answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                body = answer.body[: answer.cut]
                step = len(body) // _PIECES + 1 if answer.in_pieces else len(body) or 1
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    if answer.in_pieces:
                        self.wfile.flush()
                        time.sleep(0.001)
            self.close_connection = self.close_connection or answer.cut is not None

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the base class

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the other side went away; a failing handler shows in what the client gets

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        with suppress(OSError):
            server.server_close()
