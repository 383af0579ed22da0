"""What answers the requests: each method is one of the server's routes."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from mlops_ci import __version__
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Collector, Exchange, ScriptRequest, Tensors
from mlops_ci.serving.counters import Counters
from mlops_ci.serving.documents import Documents
from mlops_ci.serving.metrics import metrics_text
from mlops_ci.serving.open_inference import Wanted, decode_infer, describe, encode_infer
from mlops_ci.serving.replies import TEXT, Reply, json_reply
from mlops_ci.serving.routes import Request, Route, Routes
from mlops_ci.serving.served import Endpoint, ScriptEndpoint, Served


class Handlers:
    """Answers for the models of a package."""

    def __init__(self, served: Served, counters: Counters, collector: Collector | None, documents: Documents) -> None:
        self.draining = False
        self._served = served
        self._counters = counters
        self._collector = collector
        self._documents = documents
        self._default = served.manifest.default

    def routes(self) -> Routes:
        """Where each of them answers."""
        live, ready = (Route("health", ("GET",), handler, open=True) for handler in (self._live, self._ready))
        script = isinstance(self._served.any(self._default), ScriptEndpoint)
        methods = ("POST", "GET", "OPTIONS") if script else ("POST",)
        return Routes(
            {
                "/score": Route("score", methods, self._score),
                "/health": live,
                "/health/live": live,
                "/health/ready": ready,
                "/v2/health/live": live,
                "/v2/health/ready": ready,
                "/v2": Route("models", ("GET",), self._server),
                "/metrics": Route("metrics", ("GET",), self._metrics),
                "/openapi.json": Route("documents", ("GET",), self._openapi),
                "/swagger.json": Route("documents", ("GET",), self._swagger),
            },
            {
                "score": Route("score", ("POST",), self._score),
                "infer": Route("infer", ("POST",), self._infer),
                "ready": Route("health", ("GET",), self._model_ready, open=True),
                "": Route("models", ("GET",), self._describe),
            },
        )

    def _score(self, request: Request) -> Reply | Awaitable[Reply]:
        endpoint = self._served.any(request.model or self._default)
        request.model = endpoint.model.name
        if isinstance(endpoint, ScriptEndpoint):
            return self._run(request, endpoint)
        tensors = endpoint.score.decode(request.body)
        return self._answer(request, endpoint, tensors, None)

    def _infer(self, request: Request) -> Reply | Awaitable[Reply]:
        endpoint = self._served.of_tensors(request.model, request.version)
        tensors, wanted = decode_infer(request.body, request.headers, request.id, endpoint.inputs, endpoint.outputs)
        return self._answer(request, endpoint, tensors, wanted)

    def _answer(
        self, request: Request, endpoint: Endpoint, tensors: Tensors, wanted: Wanted | None
    ) -> Reply | Awaitable[Reply]:
        """Compute and encode: at once where the model is quick and idle, else when it is this request's turn.

        ``wanted`` is None for a request to ``/score``.
        """
        rows = len(next(iter(tensors.values())))
        answer = endpoint.at_once(tensors, rows)
        if answer is None:
            return self._in_turn(request, endpoint, tensors, wanted, rows)
        return self._encoded(request, endpoint, tensors, wanted, rows, answer)

    async def _in_turn(
        self, request: Request, endpoint: Endpoint, tensors: Tensors, wanted: Wanted | None, rows: int
    ) -> Reply:
        answer = await endpoint.compute(tensors, rows)
        return self._encoded(request, endpoint, tensors, wanted, rows, answer)

    def _encoded(
        self,
        request: Request,
        endpoint: Endpoint,
        tensors: Tensors,
        wanted: Wanted | None,
        rows: int,
        answer: Tensors,
    ) -> Reply:
        bodies = None
        if wanted is None:
            reply = endpoint.score.encode(request.id, answer)
            bodies = (request.body, reply.body)
        else:
            reply = encode_infer(endpoint.model, wanted, endpoint.outputs, answer)
        if self._collector is not None:
            _collect(self._collector, request, endpoint.model, rows, tensors, answer, bodies)
        return reply

    async def _run(self, request: Request, endpoint: ScriptEndpoint) -> Reply:
        asked = ScriptRequest(request.id, request.method, request.query.decode("latin-1"), request.pairs, request.body)
        answer = await endpoint.turns.answer(asked)
        if answer.status < 400 and self._collector is not None:
            _collect(self._collector, request, endpoint.model, 1, request.body, answer.body)
        return Reply(answer.status, answer.body, tuple(answer.headers))

    def _live(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return json_reply({"live": True})

    def _ready(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return json_reply({"ready": not self.draining}, 503 if self.draining else 200)

    def _model_ready(self, request: Request) -> Reply:
        endpoint = self._served.any(request.model, request.version)
        document = {"name": endpoint.model.name, "ready": not self.draining}
        return json_reply(document, 503 if self.draining else 200)

    def _server(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return json_reply({"name": "mlops-ci", "version": __version__, "extensions": ["binary_tensor_data"]})

    def _describe(self, request: Request) -> Reply:
        endpoint = self._served.of_tensors(request.model, request.version)
        return json_reply(describe(endpoint.model, endpoint.inputs, endpoint.outputs))

    def _metrics(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        versions = {model.name: model.version for model in self._served.manifest.models}
        return Reply(200, metrics_text(self._counters, versions).encode(), TEXT)

    def _openapi(self, request: Request) -> Reply:  # noqa: ARG002 - the signature of a handler
        return self._documents.openapi

    def _swagger(self, request: Request) -> Reply:
        return self._documents.swagger(request.query)


def _collect(
    collector: Collector,
    request: Request,
    model: ServedModel,
    rows: int,
    inputs: Tensors | bytes,
    outputs: Tensors | bytes,
    bodies: tuple[bytes, bytes] | None = None,
) -> None:
    taken = time.perf_counter() - request.began
    collector.offer(Exchange(request.id, time.time(), model, rows, inputs, outputs, taken, bodies))
