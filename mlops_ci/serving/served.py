"""The models of a package, loaded and ready to be asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.batching import Lane, Room
from mlops_ci.serving.contracts import RequestError, Tensors
from mlops_ci.serving.onnx_model import OnnxModel, dtype_of
from mlops_ci.serving.package import Package
from mlops_ci.serving.predictions import Reading
from mlops_ci.serving.score_protocol import ScoreProtocol

logger = logging.getLogger("mlops_ci.serving")


class Computing(Protocol):
    """What answers tensors with tensors, in its time."""

    async def compute(self, tensors: Tensors, rows: int) -> Tensors:
        """Compute a request."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Endpoint:
    """A model that can be asked."""

    def __init__(
        self, model: ServedModel, inputs: tuple[InputTensor, ...], outputs: tuple[OutputTensor, ...], lane: Computing
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.outputs = outputs
        self.lane = lane
        self.reading = Reading(model, outputs)
        self.score = ScoreProtocol(model, inputs, self.reading)


class Served:
    """All models of a package, by name."""

    def __init__(
        self, package: Package, *, waiting: Callable[[int], None], computed: Callable[[str, int], None]
    ) -> None:
        """Load them; ``waiting`` hears how many requests wait, ``computed`` of how many rows a model has computed.

        Raises:
            UsageError, IntegrityError: one of them cannot be loaded.
        """
        self.manifest = package.manifest
        settings = package.manifest.settings
        room = Room(settings.queue, waiting)
        self._endpoints: dict[str, Endpoint] = {}
        for model in self.manifest.models:
            if model.kind == "onnx":
                onnx = OnnxModel(package.folder, model, threads=settings.threads, providers=settings.providers)
                lane = Lane(
                    onnx,
                    room,
                    batch_rows=settings.batch_rows,
                    batch_wait=settings.batch_wait,
                    timeout=settings.timeout,
                    computed=lambda rows, name=model.name: computed(name, rows),
                )
                endpoint = Endpoint(model, onnx.inputs, onnx.outputs, lane)
                _warm_up(endpoint, lane)
                self._endpoints[model.name] = endpoint

    def endpoint(self, name: str, version: str | None = None) -> Endpoint:
        """A model by name, and by version where the caller says one.

        Raises:
            RequestError: there is none.
        """
        found = self._endpoints.get(name)
        if found is None or version not in (None, str(found.model.version)):
            which = name if version is None else f"{name}, version {version}"
            raise RequestError(404, f"no model {which[:100]} here; there is {', '.join(sorted(self._endpoints))}")
        return found

    def close(self) -> None:
        """Give back what the models hold."""
        for endpoint in self._endpoints.values():
            endpoint.lane.close()


def _warm_up(endpoint: Endpoint, lane: Lane) -> None:
    """Compute the sample of the package, or zeros, so that the first caller does not wait for the first call."""
    try:
        if endpoint.model.sample is not None:
            tensors = endpoint.score.tensors_of([list(endpoint.model.sample)])
        else:
            tensors = {tensor.name: _zeros(tensor) for tensor in endpoint.inputs}
        lane.warm_up(tensors)
    except Exception as error:  # what a model says to rows that nobody has sent is no reason not to serve
        logger.warning("model %s could not be warmed up: %s", endpoint.model.name, str(error).splitlines()[:1])


def _zeros(tensor: InputTensor) -> np.ndarray[Any, Any]:
    shape = [1, *(size or 1 for size in tensor.shape[1:])]
    return np.full(shape, "" if tensor.type == "string" else 0, dtype_of(tensor.type))
