"""The user's function: found, called, and its answer understood."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Union

import numpy as np

from mlops_ci.custom.table import Array, Columns
from mlops_ci.custom.trouble import UserError, raised

_PRINTED = 2000

Answer = Union[float, Array]


class Function:
    """A function of the predictions' columns, which returns one value a row or one number."""

    def __init__(self, file: Path, name: str) -> None:
        self._file = file.absolute()
        self.name = name
        self._call = self._found()
        code = getattr(self._call, "__code__", None)
        self.place = f"{file.name}:{code.co_firstlineno}" if code else file.name

    def _found(self) -> Callable[[Columns], Any]:
        spec = importlib.util.spec_from_file_location(self._file.stem, self._file)
        if spec is None or spec.loader is None:
            raise UserError(f"{self._file.name}: not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[self._file.stem] = module  # classes in it may be looked up by it
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise raised(error, self._file) from error
        found = getattr(module, self.name, None)
        if not callable(found):
            raise UserError(f"{self._file.name}: there is no function {self.name!r}")
        return found  # type: ignore[no-any-return]

    def __call__(self, columns: Columns, rows: int) -> Answer:
        """What it answers to some rows: a float, or (rows,) floats.

        Raises:
            UserError: it raises, or its answer is neither.
        """
        try:
            answer = self._call(columns)
        except (Exception, SystemExit) as error:
            raise raised(error, self._file) from error
        return self._understood(answer, rows)

    def _understood(self, answer: Any, rows: int) -> Answer:
        try:
            found = np.asarray(answer)
            if found.dtype.kind not in "biuf":
                raise TypeError
        except (TypeError, ValueError):
            kind = type(answer).__name__
            raise UserError(
                f"{self.place}: {self.name} returns {kind}, neither a number nor one for each row"
            ) from None
        if found.ndim == 0:
            return float(found)
        if found.shape != (rows,):
            shape = "×".join(map(str, found.shape))
            what = f"{self.name} returns {shape} values for {rows:,} rows: return one value a row, or one number"
            raise UserError(f"{self.place}: {what}")
        return found.astype(np.float64)


class _Limited(io.TextIOBase):
    """Lets the first characters through."""

    def __init__(self, through: Any) -> None:
        self._through = through
        self._left = _PRINTED

    def write(self, text: str) -> int:
        """Write, or drop what is too much."""
        if self._left > 0:
            self._through.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._through.write("\n(it prints more, which is not shown)\n")
        return len(text)


@contextlib.contextmanager
def bounded_output() -> Iterator[None]:
    """Let a function print a little: a log is not for a thousand copies of what it has to say."""
    with contextlib.redirect_stdout(_Limited(sys.stdout)), contextlib.redirect_stderr(_Limited(sys.stderr)):
        yield


@contextlib.contextmanager
def no_output() -> Iterator[None]:
    """Drop all that is printed, by libraries too."""
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        kept = os.dup(1), os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            for number, descriptor in zip((1, 2), kept):
                os.dup2(descriptor, number)
                os.close(descriptor)


def call_on(function: Function, columns: Columns, rows: int) -> float | None:
    """What a function of one number answers to a resample; None where that is no number or it raises."""
    try:
        answer = function(columns, rows)
    except UserError:
        return None
    return answer if isinstance(answer, float) and np.isfinite(answer) else None
