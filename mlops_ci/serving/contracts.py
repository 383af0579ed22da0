"""What the parts of the server are to each other: models of tensors, entry scripts, who collects what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel

Tensors = Mapping[str, np.ndarray[Any, Any]]
Counted = Literal["collected", "dropped", "shipped", "lost"]


class RequestError(Exception):
    """The request has to change; answered as ``{"error": {"message": ...}}``, never as a traceback."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class TensorModel(Protocol):
    """A model from tensors to tensors. ``predict`` may be called in any thread, by one at a time."""

    @property
    def model(self) -> ServedModel:
        """Its entry of the manifest."""
        ...

    @property
    def inputs(self) -> tuple[InputTensor, ...]:
        """What it reads."""
        ...

    @property
    def outputs(self) -> tuple[OutputTensor, ...]:
        """What it answers."""
        ...

    def predict(self, tensors: Tensors) -> Tensors:
        """Compute; the inputs have been checked against ``inputs``, and all have as many rows."""
        ...


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A request as an entry script gets it: the body is decompressed, and within the limits."""

    id: str
    method: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class ScriptAnswer:
    """What an entry script answered, ready to be sent."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)


class EntryScript(Protocol):
    """An entry script, initialised. ``answer`` is called in a thread of its own, by one at a time.

    It raises :class:`RequestError` for what the caller can change; anything else is answered 500, and logged here.
    """

    @property
    def model(self) -> ServedModel:
        """Its entry of the manifest."""
        ...

    def answer(self, request: ScriptRequest) -> ScriptAnswer:
        """Run the script on a request."""
        ...


class Exchange(NamedTuple):
    """A request that was answered with success, as it is handed to the collector.

    ``at`` is in seconds since 1970. A script's ``inputs`` and ``outputs`` are the bodies; else they are tensors, of
    which ``InputTensor.columns`` say which columns of the signature they hold. ``bodies`` are those of a request to
    ``/score`` and its answer, as JSON.
    """

    id: str
    at: float
    model: ServedModel
    rows: int
    inputs: Tensors | bytes
    outputs: Tensors | bytes
    seconds: float
    bodies: tuple[bytes, bytes] | None = None


class Collector(Protocol):
    """Takes what was answered. It never blocks and never raises; what it has no room for it drops, and counts."""

    def offer(self, exchange: Exchange) -> None:
        """Take one, or drop it."""
        ...

    def close(self) -> None:
        """Write what is waiting; called once, when the last request has been answered."""
        ...


class Count(Protocol):
    """Adds to one of the collector's counters, which ``/metrics`` shows. Each name belongs to one thread."""

    def __call__(self, what: Counted, number: int = 1) -> None:
        """Add a number."""
        ...


@dataclass(frozen=True, slots=True)
class ScriptSchema:
    """Schemas of the body and of the answer, in the dialect that Swagger 2.0 and OpenAPI share; None: anything."""

    input: dict[str, Any] | None
    output: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Described:
    """What documents about the server are made of. ``scripts`` are the schemas of entry scripts that have any."""

    models: tuple[ServedModel, ...]
    default: str
    keyed: bool
    scripts: Mapping[str, ScriptSchema] = field(default_factory=dict)
