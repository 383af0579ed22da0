"""From requests to replies: finds what answers, counts it, and makes one line of JSON of every failure."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable

from mlops_ci.serving.bodies import decompressed
from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.counters import IN_FLIGHT, Counters
from mlops_ci.serving.handlers import Handlers
from mlops_ci.serving.keys import Keys
from mlops_ci.serving.replies import Reply, error_reply
from mlops_ci.serving.request_ids import request_ids
from mlops_ci.serving.routes import Request

logger = logging.getLogger("mlops_ci.serving")


class App:
    """The application: see :class:`~mlops_ci.serving.connection.Application`."""

    def __init__(self, handlers: Handlers, keys: Keys, counters: Counters, max_request: int) -> None:
        self.max_request = max_request
        self.draining = False
        self._handlers = handlers
        self._routes = handlers.routes()
        self._keys = keys
        self._counters = counters
        self._id_of = request_ids()

    def drain(self) -> None:
        """Be ready no more, and let each answer be the last on its connection."""
        self.draining = self._handlers.draining = True

    def request(self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> Request:
        """A request, which begins now."""
        by_name = dict(headers)
        return Request(
            self._id_of(by_name.get(b"x-request-id")), method, path, query, by_name, headers, time.perf_counter()
        )

    def admit(self, request: Request) -> None:
        """Find what answers it, and see that it has a key.

        Raises:
            RequestError: nothing does, or it has none.
        """
        request.route = route = self._routes.find(request)
        if not route.open:
            self._keys.check(request.headers)

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """Answer it, at once where that can be."""
        try:
            if request.refused is not None or request.route is None:
                raise request.refused or RequestError(404, "there is nothing")
            coding = request.headers.get(b"content-encoding")
            if coding is not None:
                request.body = decompressed(request.body, coding.strip().lower(), self.max_request)
            answer = request.route.handler(request)
        except Exception as error:
            return self._done(request, self._failure(request, error))
        return self._done(request, answer) if isinstance(answer, Reply) else self._later(request, answer)

    async def _later(self, request: Request, answer: Awaitable[Reply]) -> Reply:
        self._counters.add(IN_FLIGHT, 1)
        try:
            reply = await answer
        except Exception as error:
            reply = self._failure(request, error)
        finally:
            self._counters.add(IN_FLIGHT, -1)
        return self._done(request, reply)

    def _done(self, request: Request, reply: Reply) -> Reply:
        label = request.route.label if request.route else "other"
        taken = time.perf_counter() - request.began if label in ("score", "infer") else None
        self._counters.request(request.model, label, reply.status, taken)
        return reply

    def _failure(self, request: Request, error: Exception) -> Reply:
        if isinstance(error, RequestError):
            return error_reply(error.status, error.message, request.id, error.headers)
        logger.error("request %s failed", request.id, exc_info=error)
        return error_reply(500, "the server failed; its log has the reason under this id", request.id)
