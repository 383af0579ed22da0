"""Converts a model as the command line does, without the timing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.converter.conversion import Converted, Request, ask, equal_graph
from mlops_ci.converter.kinds import kind_of
from mlops_ci.converter.table import Array, Table


def table_of(x: Array) -> Table:
    """An array as columns ``x0``, ``x1``, ..."""
    return Table({f"x{at}": np.ascontiguousarray(x[:, at]) for at in range(x.shape[1])})


def converted(model: Any, rows: Table, tolerance: float = 1e-6) -> Converted:
    """The ONNX model, which answers as the original on these rows.

    Raises:
        NotConvertibleError: it does not.
    """
    kind = kind_of(model)
    expected = ask(kind.original(model, rows), rows)
    return equal_graph(kind.export(model, rows), expected, Request(Path("model"), rows, tolerance))
