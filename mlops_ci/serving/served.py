"""The models of a package, loaded and ready to be asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.batching import Lane, Room
from mlops_ci.serving.contracts import RequestError, Tensors
from mlops_ci.serving.ensembles import Ensemble
from mlops_ci.serving.onnx_model import OnnxModel, dtype_of
from mlops_ci.serving.package import Package
from mlops_ci.serving.predictions import Reading
from mlops_ci.serving.score_protocol import ScoreProtocol
from mlops_ci.serving.script import Script, load_script
from mlops_ci.serving.turns import Turns

logger = logging.getLogger("mlops_ci.serving")


class Computing(Protocol):
    """What answers tensors with tensors, in its time."""

    def at_once(self, tensors: Tensors, rows: int) -> Tensors | None:
        """Compute a request now, if that takes next to no time."""
        ...

    async def compute(self, tensors: Tensors, rows: int) -> Tensors:
        """Compute a request in its turn."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Endpoint:
    """A model of tensors that can be asked."""

    def __init__(
        self, model: ServedModel, inputs: tuple[InputTensor, ...], outputs: tuple[OutputTensor, ...], lane: Computing
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.outputs = outputs
        self.lane = lane
        self.reading = Reading(model, outputs)
        self.score = ScoreProtocol(model, inputs, self.reading)
        self.at_once = lane.at_once
        self.compute = lane.compute


class ScriptEndpoint:
    """An entry script that can be asked."""

    def __init__(self, script: Script, turns: Turns) -> None:
        self.model = script.model
        self.script = script
        self.turns = turns


class Served:
    """All models of a package, by name."""

    def __init__(self, package: Package, waiting: Callable[[int], None], computed: Callable[[str, int], None]) -> None:
        """Load them.

        Args:
            package: where they are.
            waiting: hears how many requests wait.
            computed: hears which model has computed how many rows.

        Raises:
            UsageError, IntegrityError: one of them cannot be loaded.
        """
        self.manifest = package.manifest
        self._package = package
        self._computed = computed
        self._room = Room(package.manifest.settings.queue, waiting)
        self._endpoints: dict[str, Endpoint | ScriptEndpoint] = {}
        # Ensembles come last: they speak to their members.
        for model in sorted(self.manifest.models, key=lambda model: model.kind == "ensemble"):
            self._endpoints[model.name] = self._open(model)

    def any(self, name: str, version: str | None = None) -> Endpoint | ScriptEndpoint:
        """A model by name, and by version where the caller says one.

        Raises:
            RequestError: there is none.
        """
        found = self._endpoints.get(name)
        if found is None or version not in (None, str(found.model.version)):
            which = name if version is None else f"{name}, version {version}"
            raise RequestError(404, f"no model {which[:100]} here; there is {', '.join(sorted(self._endpoints))}")
        return found

    def of_tensors(self, name: str, version: str | None = None) -> Endpoint:
        """A model that reads tensors.

        Raises:
            RequestError: there is none, or it is an entry script.
        """
        found = self.any(name, version)
        if isinstance(found, ScriptEndpoint):
            raise RequestError(400, f"{name[:100]} is an entry script, which reads no tensors; ask it at /score")
        return found

    def models(self) -> tuple[ServedModel, ...]:
        """The entries of the manifest, completed by what the files themselves say."""
        return tuple(map(self._completed, self.manifest.models))

    def _completed(self, model: ServedModel) -> ServedModel:
        found = self._endpoints[model.name]
        if isinstance(found, ScriptEndpoint):
            return model
        return replace(model, tensors=found.inputs, outputs=found.outputs, classes=found.reading.classes)

    def scripts(self) -> dict[str, Script]:
        """The entry scripts."""
        return {name: one.script for name, one in self._endpoints.items() if isinstance(one, ScriptEndpoint)}

    def close(self) -> None:
        """Give back what the models hold."""
        for endpoint in self._endpoints.values():
            if isinstance(endpoint, ScriptEndpoint):
                endpoint.turns.close()
                endpoint.script.close()
            else:
                endpoint.lane.close()

    def _open(self, model: ServedModel) -> Endpoint | ScriptEndpoint:
        match model.kind:
            case "onnx":
                return self._onnx(model)
            case "script":
                return self._script(model)
            case "ensemble":
                return self._ensemble(model)

    def _onnx(self, model: ServedModel) -> Endpoint:
        settings = self.manifest.settings
        onnx = OnnxModel(self._package.folder, model, threads=settings.threads, providers=settings.providers)
        lane = Lane(onnx, self._room, settings, partial(self._computed, model.name))
        endpoint = Endpoint(model, onnx.inputs, onnx.outputs, lane)
        _warm_up(endpoint, lane)
        return endpoint

    def _script(self, model: ServedModel) -> ScriptEndpoint:
        timeout = self.manifest.settings.timeout
        script = load_script(model, self._package.folder, timeout)
        return ScriptEndpoint(script, Turns(script, self._room, timeout))

    def _ensemble(self, model: ServedModel) -> Endpoint:
        ensemble = Ensemble(model, [self.of_tensors(member) for member in model.members])
        return Endpoint(model, ensemble.inputs, ensemble.outputs, ensemble)


def _warm_up(endpoint: Endpoint, lane: Lane) -> None:
    """Compute the sample of the package, or zeros, so that the first caller does not wait for the first call."""
    try:
        if endpoint.model.sample is not None:
            tensors = endpoint.score.tensors_of([list(endpoint.model.sample)])
        else:
            tensors = {tensor.name: _zeros(tensor) for tensor in endpoint.inputs}
        lane.warm_up(tensors)
    except Exception as error:  # what a model says to rows that nobody has sent is no reason not to serve
        logger.warning("the model %s could not be warmed up: %s", endpoint.model.name, " ".join(str(error).split()))


def _zeros(tensor: InputTensor) -> np.ndarray[Any, Any]:
    shape = [1, *(size or 1 for size in tensor.shape[1:])]
    return np.full(shape, "" if tensor.type == "string" else 0, dtype_of(tensor.type))
