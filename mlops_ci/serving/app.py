"""The ASGI application: from paths to what answers them, and every failure to one line of JSON."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mlops_ci.serving.bodies import read_body
from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.replies import JSON, Headers, Receive, Reply, Scope, Send, error_reply, json_reply, send_reply
from mlops_ci.serving.request_ids import request_ids
from mlops_ci.serving.served import Served

logger = logging.getLogger("mlops_ci.serving")


@dataclass(slots=True)
class Request:
    """What a handler gets."""

    id: str
    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes


Handler = Callable[[Request], Awaitable[Reply]]


class App:
    """The server's application."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._settings = served.manifest.settings
        self._id_of = request_ids()
        self._default = served.manifest.default
        self.draining = False
        self._routes: dict[str, tuple[str, Handler]] = {
            "/score": ("POST", self._score),
            "/health": ("GET", self._live),
            "/health/live": ("GET", self._live),
            "/health/ready": ("GET", self._ready),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope["headers"])
        request = Request(self._id_of(headers.get(b"x-request-id")), scope["method"], scope["path"], headers, b"")
        reply = await self._answer(request, receive)
        await send_reply(send, reply, request.id, close=self.draining, head=request.method == "HEAD")

    async def _answer(self, request: Request, receive: Receive) -> Reply:
        try:
            handler = self._handler(request)
            if request.method == "POST":
                request.body = await read_body(
                    receive, request.headers, self._settings.max_request, self._settings.timeout
                )
            return await handler(request)
        except RequestError as error:
            return error_reply(error.status, error.message, request.id, error.headers)
        except Exception:
            logger.exception("request %s failed", request.id)
            return error_reply(500, "the server failed; its log has the reason under this id", request.id)

    def _handler(self, request: Request) -> Handler:
        method, handler = self._routes.get(request.path, (None, None))
        if handler is None:
            raise RequestError(404, f"there is nothing at {request.path[:100]}")
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            allow: Headers = ((b"allow", method.encode()),) if method else ()
            raise RequestError(405, f"{request.path} answers {method}", allow)
        return handler

    async def _score(self, request: Request) -> Reply:
        endpoint = self._served.endpoint(self._default)
        tensors = endpoint.score.decode(request.body)
        rows = len(next(iter(tensors.values())))
        answer = await endpoint.lane.compute(tensors, rows)
        return Reply(200, endpoint.score.encode(request.id, answer), JSON)

    async def _live(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return json_reply({"status": "live"})

    async def _ready(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return json_reply({"status": "draining"}, 503) if self.draining else json_reply({"status": "ready"})
