"""The ASGI application: reads requests, has them answered, counts them, and makes one line of JSON of every failure."""

from __future__ import annotations

import logging
import time

from mlops_ci.serving.bodies import read_body
from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.counters import IN_FLIGHT, Counters
from mlops_ci.serving.handlers import Handlers
from mlops_ci.serving.keys import Keys
from mlops_ci.serving.replies import Receive, Reply, Scope, Send, error_reply, send_reply
from mlops_ci.serving.request_ids import request_ids
from mlops_ci.serving.routes import Request

logger = logging.getLogger("mlops_ci.serving")


class App:
    """The application."""

    def __init__(self, handlers: Handlers, keys: Keys, counters: Counters, max_request: int) -> None:
        self._handlers = handlers
        self._routes = handlers.routes()
        self._keys = keys
        self._counters = counters
        self._max_request = max_request
        self._id_of = request_ids()

    def drain(self) -> None:
        """Be ready no more, and let each answer be the last on its connection."""
        self._handlers.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        pairs = scope["headers"]
        headers = dict(pairs)
        request = Request(
            self._id_of(headers.get(b"x-request-id")),
            scope["method"],
            scope["path"],
            scope["query_string"],
            headers,
            began,
            pairs=pairs,
        )
        counters = self._counters
        counters.add(IN_FLIGHT, 1)
        try:
            reply = await self._answer(request, receive)
            await send_reply(send, reply, request.id, close=self._handlers.draining, head=request.method == "HEAD")
        finally:
            counters.add(IN_FLIGHT, -1)
        of_a_model = request.label in ("score", "infer")
        counters.request(
            request.model, request.label, reply.status, time.perf_counter() - began if of_a_model else None
        )

    async def _answer(self, request: Request, receive: Receive) -> Reply:
        try:
            route = self._routes.find(request)
            request.label = route.label
            if not route.open:
                self._keys.check(request.headers)
            if request.method == "POST":
                request.body = await read_body(receive, request.headers, self._max_request)
            return await route.handler(request)
        except RequestError as error:
            return error_reply(error.status, error.message, request.id, error.headers)
        except Exception:
            logger.exception("request %s failed", request.id)
            return error_reply(500, "the server failed; its log has the reason under this id", request.id)
