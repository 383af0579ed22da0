"""Which path is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import msgspec

from mlops_ci.serving.contracts import RequestError
from mlops_ci.serving.replies import Reply

Label = Literal["score", "infer", "models", "documents", "health", "metrics", "other"]


class Request(msgspec.Struct, eq=False):  # made in a quarter of the time that a dataclass takes
    """A request. ``model`` and ``version`` are those of the path; ``pairs`` are the headers as they came.

    ``refused`` is why it is not answered, which its head was enough to tell.
    """

    id: str
    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    pairs: list[tuple[bytes, bytes]]
    began: float
    body: bytes = b""
    model: str = ""
    version: str | None = None
    route: Route | None = None
    refused: RequestError | None = None


Handler = Callable[[Request], Reply | Awaitable[Reply]]


class Route(NamedTuple):
    """What answers, and how it is counted. An ``open`` route needs no key."""

    label: Label
    methods: tuple[str, ...]
    handler: Handler
    open: bool = False


class Routes:
    """The fixed paths, and those of models below ``/v2/models`` and ``/models``."""

    def __init__(self, fixed: dict[str, Route], of_a_model: dict[str, Route]) -> None:
        """Name them.

        Args:
            fixed: by whole path.
            of_a_model: by what follows the model's name, or its version; ``score`` is found below ``/models``.
        """
        self._fixed = fixed
        self._of_a_model = of_a_model

    def find(self, request: Request) -> Route:
        """The route of a request, which is told model and version.

        Raises:
            RequestError: nothing is at that path (404), or not for that method (405).
        """
        route = self._fixed.get(request.path) or self._model(request)
        if route is None:
            raise RequestError(404, f"there is nothing at {request.path[:100]}")
        if request.method not in route.methods and not (request.method == "HEAD" and "GET" in route.methods):
            allowed = ", ".join(route.methods)
            raise RequestError(405, f"{request.path[:100]} answers {allowed}", ((b"allow", allowed.encode()),))
        return route

    def _model(self, request: Request) -> Route | None:
        match request.path.split("/")[1:]:
            case ["models", name, "score"]:
                request.model = name
                return self._of_a_model["score"]
            case ["v2", "models", name, "versions", version, *rest]:
                request.model, request.version = name, version
            case ["v2", "models", name, *rest]:
                request.model = name
            case _:
                return None
        rest = rest or [""]
        return self._of_a_model.get(rest[0]) if len(rest) == 1 and rest[0] != "score" else None
