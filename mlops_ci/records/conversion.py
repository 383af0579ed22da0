"""A model in the Open Neural Network Exchange format (ONNX), and how well and fast it stands in for the original."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mlops_ci.records.files import FileRecord

Precision = Literal["float32", "int8"]
Role = Literal["label", "score", "value", "other"]
ClassLabel = str | int | float | bool
CONVERSION_FORMAT = 1


@dataclass(frozen=True, slots=True)
class InputTensor:
    """A tensor that an ONNX model reads.

    ``type`` is NumPy's name of its elements, such as ``float32``, or ``string``. ``shape`` leaves a free dimension
    null; the first is the rows. ``columns`` are those of the signature that it holds, in order; empty for a tensor
    that no table can be read into.
    """

    name: str
    type: str
    shape: tuple[int | None, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """A tensor that an ONNX model answers.

    A ``label`` is the predicted class; a ``score`` has the probability of each of ``classes`` in a row, a ``value`` is
    a predicted number.
    """

    name: str
    role: Role
    type: str
    shape: tuple[int | None, ...]
    classes: tuple[ClassLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the answers are from those of the original on real rows.

    ``worst`` is the largest absolute difference of a score or value (relative to its size where that is above 1);
    ``labels_differing`` counts rows with another label; ``differing`` are the first rows beyond ``tolerance``, from 0.
    """

    rows: int
    labels_differing: int
    worst: float
    tolerance: float
    differing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Speed:
    """The median time of a call with ``batch`` rows, in seconds, of the original and of the ONNX model."""

    batch: int
    original: float
    onnx: float


@dataclass(frozen=True, slots=True)
class OnnxForm:
    """One ONNX file. ``int8`` has quantised weights; its numbers are compared with those of the same original."""

    precision: Precision
    file: FileRecord
    inputs: tuple[InputTensor, ...]
    outputs: tuple[OutputTensor, ...]
    parity: Parity
    speed: tuple[Speed, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversion:
    """What came of converting a model.

    ``source`` is the file that was converted and ``kind`` the class in it. Without ``forms`` there is no ONNX model,
    for the ``reason`` given, with a ``hint``: the model can still be served by an entry script. ``served`` is the form
    to serve; ``int8`` says why the form of that precision is it, or is not. ``fixes`` tell what was done to make the
    answers equal; ``tools`` are the versions of the converters. ``attempt`` names the folder of the stored files once
    they are in the registry.
    """

    format: int
    source: str
    kind: str
    opset: int | None = None
    forms: tuple[OnnxForm, ...] = ()
    served: Precision | None = None
    fixes: tuple[str, ...] = ()
    reason: str | None = None
    hint: str | None = None
    int8: str | None = None
    tools: dict[str, str] = field(default_factory=dict)
    attempt: str | None = None

    def form(self) -> OnnxForm | None:
        """The form to serve."""
        return next((form for form in self.forms if form.precision == self.served), None)
