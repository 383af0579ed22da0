"""What a kind of model gives: a graph, how it is called, and how the original is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_ci.converter.table import Array, Table

if TYPE_CHECKING:
    import onnx  # models are also loaded and asked where it is not installed

NUMPY_TYPES = {"float64": np.float64, "float32": np.float32, "int64": np.int64, "bool": np.bool_, "string": object}


@dataclass(frozen=True)
class Input:
    """A tensor that the graph reads; ``columns`` of the table that it holds, in order. ``None`` is a free dimension."""

    name: str
    type: str
    shape: tuple[int | None, ...]
    columns: tuple[str, ...] = ()

    def feed(self, table: Table) -> Array:
        """The tensor, out of a table. A missing text is the empty text: a tensor has no other way to say it."""
        chosen = [table.columns[name] for name in self.columns]
        if self.type == "string":
            chosen = [np.array(["" if value is None else value for value in each], object) for each in chosen]
        stacked: Array = np.stack([each.astype(NUMPY_TYPES[self.type]) for each in chosen], axis=1)
        return np.ascontiguousarray(stacked).reshape([-1 if size is None else size for size in self.shape])


@dataclass(frozen=True)
class Output:
    """A tensor that the graph answers: ``label``, ``score``, ``value`` or ``other``."""

    name: str
    role: str
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Exported:
    """A model as a graph. ``fixes`` tell what was done to make its answers equal."""

    model: onnx.ModelProto
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    fixes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Original:
    """How the original is called.

    ``prepare`` makes of a table what its users call it with; ``call`` is what they call, for timing; ``answers`` are
    arrays by role. Rows are the first dimension of each.
    """

    prepare: Callable[[Table], Any]
    call: Callable[[Any], Any]
    answers: Callable[[Any], dict[str, Array]]


def numeric_type(columns: Sequence[Array]) -> str:
    """The narrowest type of tensor that holds such columns together."""
    kinds = {column.dtype.kind for column in columns}
    if kinds == {"O"}:
        return "string"
    if kinds == {"b"}:
        return "bool"
    if kinds == {"i"}:
        return "int64"
    return "float64"
