"""What a scoring server serves, and how: the file ``serving.json`` of a model package."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.records.conversion import ClassLabel, InputTensor, OutputTensor
from mlops_ci.records.files import FileRecord
from mlops_ci.records.signature import Column

SERVING_FORMAT = 1
MANIFEST = "serving.json"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model of a package. Paths are relative to the package's folder.

    An ``onnx`` model is the ``file``, read without any user code. A ``script`` model is the entry script ``file``,
    which finds the model's files below ``folder`` (``AZUREML_MODEL_DIR``); ``files`` are those with their digests, so
    that the script never reads any others. An ``ensemble`` asks its ``members``, models of the same package, and
    combines their answers by ``combine``, with ``weights`` where it is ``mean``.

    ``inputs`` are the columns of the signature, ``tensors`` how an ONNX model wants them, ``outputs`` what it answers.
    ``version``, ``digest`` and ``commit`` say which version it is. ``sample`` is a real row for documents and examples.
    """

    name: str
    kind: Literal["onnx", "script", "ensemble"]
    version: int | None = None
    digest: str | None = None
    commit: str | None = None
    file: str | None = None
    folder: str | None = None
    inputs: tuple[Column, ...] = ()
    tensors: tuple[InputTensor, ...] = ()
    outputs: tuple[OutputTensor, ...] = ()
    classes: tuple[ClassLabel, ...] = ()
    members: tuple[str, ...] = ()
    combine: Literal["mean", "vote"] | None = None
    weights: tuple[float, ...] = ()
    sample: tuple[Any, ...] | None = None
    files: tuple[FileRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """What is collected of requests: ``sample`` is the share of them, ``outputs`` without ``inputs`` where asked.

    ``queue`` bounds the requests waiting to be written, ``disk`` the bytes of finished segments waiting to be sent.
    """

    sample: float = 1.0
    inputs: bool = True
    queue: int = 10_000
    disk: int = 256 << 20


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a server runs.

    ``workers`` are processes (0: one for each processor that it may use), ``threads`` those of one call of ONNX
    Runtime. ``providers`` are ONNX Runtime's execution providers by short name, in order of preference. Requests are
    batched up to ``batch_rows``, waiting ``batch_wait`` seconds at most, and only while others are being computed.
    ``queue`` bounds the requests waiting in a worker; ``timeout`` is in seconds, ``max_request`` in bytes, also after
    decompression. ``keys`` are variables, any of whose values a caller has to present. ``drain`` is how many seconds
    requests get to finish after SIGTERM.
    """

    workers: int = 0
    threads: int = 1
    providers: tuple[str, ...] = ("cpu",)
    batch_rows: int = 256
    batch_wait: float = 0.0
    queue: int = 256
    timeout: float = 30.0
    max_request: int = 10 << 20
    keys: tuple[str, ...] = ()
    drain: float = 25.0
    collect: Collection | None = None


@dataclass(frozen=True, slots=True)
class ServingManifest:
    """The models of a package; ``default`` is the one behind ``/score``; ``requirements`` lock the entry script."""

    format: int
    default: str
    models: tuple[ServedModel, ...]
    settings: ServeSettings = field(default_factory=ServeSettings)
    requirements: str | None = None

    def model(self, name: str) -> ServedModel | None:
        """A model by name."""
        return next((model for model in self.models if model.name == name), None)
