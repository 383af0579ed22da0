"""What is asked: of which columns, held against which truth, by which metric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_ci.converter.table import Array


@dataclass(frozen=True)
class Question:
    """How a model is explained.

    ``task`` is ``binary``, ``multiclass`` or ``regression``; ``positive`` the positive class of a binary one (None:
    1 or true). ``explained`` rows get attributions. ``columns`` are those that are declared (empty: those the model
    eats).
    """

    task: str
    metric: str
    positive: str | None = None
    columns: tuple[str, ...] = ()
    explained: int = 5
    repeats: int = 5
    sample: int = 5000
    seed: int = 0

    def is_positive(self, label: str) -> bool:
        """Whether a class, as text, is the positive one."""
        return label == self.positive if self.positive is not None else label in ("1", "true")


def label_text(value: Any) -> str:
    """A class as text: the same for 1 and 1.0, truth values in small letters."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def label_texts(values: Array) -> Array:
    """Classes as texts; each different one is looked at once."""
    known: dict[Any, str] = {}
    found = [known.get(value) or known.setdefault(value, label_text(value)) for value in values.ravel().tolist()]
    return np.array(found, object)


def is_missing(value: Any) -> bool:
    """Whether there is no value: null, or a number that is none."""
    return value is None or (isinstance(value, float) and math.isnan(value))
