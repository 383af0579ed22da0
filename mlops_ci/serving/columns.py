"""Rows of a request become the tensors of a model, checked against the signature.

Right requests take the quick way: one typed decoding of the body, one array a tensor. Where that fails, the rows are
looked at one value after the other, until there is something to say of a row and a column. Rows count from 1.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from typing import Any, Literal, NoReturn

import numpy as np

from mlops_ci.errors import IntegrityError
from mlops_ci.records.conversion import InputTensor
from mlops_ci.records.signature import Column
from mlops_ci.serving.contracts import RequestError, Tensors
from mlops_ci.serving.onnx_model import dtype_of

Kind = Literal["number", "whole", "flag", "text"]
_EXPECTED = {"number": "a number", "whole": "a whole number", "flag": "true or false", "text": "a text"}
_TYPES: dict[Kind, type] = {"number": float, "whole": int, "flag": bool, "text": str}


def kind_of(column: Column, dtype: np.dtype[Any]) -> Kind:
    """What values a column has, by the name of its type in a table; by that of its tensor where it has another name."""
    name = column.type.lower()
    if name.startswith(("float", "double", "decimal")):
        return "number"
    if re.match(r"u?int\d*$", name):
        return "whole"
    if name.startswith("bool"):
        return "flag"
    if name.startswith(("str", "utf8", "object", "categor", "enum", "text")):
        return "text"
    by_tensor: dict[str, Kind] = {"f": "number", "i": "whole", "u": "whole", "b": "flag"}
    return by_tensor.get(dtype.kind, "text")


class Columns:
    """The columns of a signature, and which tensor each goes into."""

    def __init__(self, columns: Sequence[Column], tensors: Sequence[InputTensor]) -> None:
        """Put them together.

        Raises:
            IntegrityError: a tensor wants a column that is not there.
        """
        self.names = tuple(column.name for column in columns)
        self._index = {name: index for index, name in enumerate(self.names)}
        # A column that no tensor holds is one that the model does without; callers may send it all the same.
        dtypes = [np.dtype(object)] * len(columns)
        for tensor in tensors:
            for name in tensor.columns:
                if name not in self._index:
                    raise IntegrityError(f"the tensor {tensor.name!r} wants a column {name!r} that no signature has")
                dtypes[self._index[name]] = dtype_of(tensor.type)
        self._parts = [_Part(tensor, tuple(self._index[name] for name in tensor.columns)) for tensor in tensors]
        self._whole = self._parts[0] if len(tensors) == 1 and self._parts[0].whole(len(columns)) else None
        self._kinds = tuple(kind_of(column, dtype) for column, dtype in zip(columns, dtypes, strict=True))
        self._nullable = tuple(
            dtype.kind == "f" and kind in ("number", "whole") for dtype, kind in zip(dtypes, self._kinds, strict=True)
        )
        self._ranges = tuple(_range(dtype) for dtype in dtypes)
        types = [
            _TYPES[kind] | None if nullable else _TYPES[kind]
            for kind, nullable in zip(self._kinds, self._nullable, strict=True)
        ]
        # The type of a row as a tuple, for msgspec.
        self.row_type: Any = tuple[tuple(types)]  # type: ignore[misc]  # made of values

    def quick(self, rows: list[tuple[Any, ...]]) -> Tensors | None:
        """Tensors of rows that were decoded as ``row_type``; nothing where a value does not fit into its tensor."""
        if not rows:
            return None
        try:
            return self._assemble(rows)
        except (OverflowError, ValueError):
            return None

    def tensors(self, data: Any, columns: Any = None) -> Tensors:
        """Tensors of rows of any form.

        Args:
            data: a list of rows; each is a list of values or a mapping by column.
            columns: the names of the values in lists, if the request has them.

        Raises:
            RequestError: something is wrong with it; it says with what, at which row and column.
        """
        if not isinstance(data, list):
            _refuse(f"{_shown(data)} where a list of rows is expected")
        if not data:
            _refuse("there are no rows")
        order = self._order_of(columns)
        rows = [self._row(number, row, order) for number, row in enumerate(data, 1)]
        return self._assemble(rows)

    def _assemble(self, rows: Sequence[Sequence[Any]]) -> Tensors:
        if self._whole is not None:
            return {self._whole.name: array_of_values(rows, self._whole.dtype)}
        by_column = tuple(zip(*rows, strict=True))
        return {part.name: part.of(by_column) for part in self._parts}

    def _order_of(self, columns: Any) -> tuple[int, ...]:
        if columns is None:
            return tuple(range(len(self.names)))
        if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
            _refuse('"columns" has to be a list of names')
        if len(set(columns)) < len(columns):
            twice = next(name for name in columns if columns.count(name) > 1)
            _refuse(f"column {_quoted(twice)} is there twice")
        self._check_names(columns, "")
        at = {name: index for index, name in enumerate(columns)}
        return tuple(at[name] for name in self.names)

    def _check_names(self, names: Sequence[str], where: str) -> None:
        given = set(names)
        unknown = next((name for name in names if name not in self._index), None)
        missing = [name for name in self.names if name not in given]
        if unknown is not None:
            close = difflib.get_close_matches(unknown[:100], missing or self.names, 1)
            _refuse(f"{where}unknown column {_quoted(unknown)}{f'; perhaps {_quoted(close[0])}' if close else ''}")
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            _refuse(f"{where}column {_quoted(missing[0])}{more} is missing")

    def _row(self, number: int, row: Any, order: tuple[int, ...]) -> list[Any]:
        if isinstance(row, dict):
            self._check_names(list(row), f"row {number}: ")
            values = [row[name] for name in self.names]
        elif isinstance(row, list):
            if len(row) != len(order):
                _refuse(f"row {number} has {len(row)} values where {len(order)} are expected")
            values = [row[index] for index in order]
        else:
            _refuse(f"row {number}: {_shown(row)} where a list of values, or an object by column, is expected")
        return [self._value(number, index, value) for index, value in enumerate(values)]

    def _value(self, row: int, index: int, value: Any) -> Any:
        kind, (low, high) = self._kinds[index], self._ranges[index]
        if value is None and self._nullable[index]:
            return math.nan
        if kind == "whole" and isinstance(value, float) and value.is_integer():
            value = int(value)
        right = {
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            "whole": isinstance(value, int) and not isinstance(value, bool),
            "flag": isinstance(value, bool),
            "text": isinstance(value, str),
        }[kind]
        where = f"row {row}, column {_quoted(self.names[index])}"
        if not right:
            _refuse(f"{where}: {_shown(value)} where {_EXPECTED[kind]} is expected")
        if kind in ("number", "whole") and not low <= value <= high:
            _refuse(f"{where}: {_shown(value)} is beyond what the model can read ({low} to {high})")
        return value


class _Part:
    """A tensor, and the columns that it holds."""

    def __init__(self, tensor: InputTensor, columns: tuple[int, ...]) -> None:
        self.name = tensor.name
        self.dtype = dtype_of(tensor.type)
        self._columns = columns
        self._flat = len(tensor.shape) == 1

    def whole(self, width: int) -> bool:
        """Whether it is the whole table as it stands."""
        return self._columns == tuple(range(width)) and not self._flat

    def of(self, by_column: Sequence[Sequence[Any]]) -> np.ndarray[Any, Any]:
        if len(self._columns) == 1:
            column = array_of_values(by_column[self._columns[0]], self.dtype)
            return column if self._flat else column.reshape(-1, 1)
        table = array_of_values([by_column[index] for index in self._columns], self.dtype)
        return np.ascontiguousarray(table.T)


def array_of_values(values: Sequence[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array of values from JSON.

    Raises:
        OverflowError: one is beyond the type. JSON has no infinity: where there is one, a number was too large.
        ValueError: they have no common shape.
    """
    if dtype.kind != "f":
        return np.array(values, dtype)
    array = _floats(values, dtype)
    if np.count_nonzero(np.isinf(array)):  # twice as quick as any()
        raise OverflowError
    return array


@np.errstate(over="ignore")  # as a decorator it is made once
def _floats(values: Sequence[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    return np.array(values, dtype)


def _range(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        limit = float(np.finfo(dtype).max)
        return -limit, limit
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return -math.inf, math.inf


def _refuse(message: str) -> NoReturn:
    raise RequestError(400, message)


def _quoted(name: str) -> str:
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', "�", name if len(name) <= 60 else f"{name[:59]}…") + '"'


def _shown(value: Any) -> str:
    """A value, in a few words that can stand in a line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"text {_quoted(value)}"
    if isinstance(value, (int, float)):
        return f"number {value if isinstance(value, float) or abs(value) < 10**20 else 'of more than 20 digits'}"
    return "a list" if isinstance(value, list) else "an object"
