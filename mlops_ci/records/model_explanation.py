"""What a model goes by: which inputs matter to it, on the whole and for a few rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse ``metric`` becomes when a column is shuffled: mean and standard deviation over the repeats."""

    column: str
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One row: what each column adds to the answer, largest first, from ``base``, the answer to an average row.

    ``row`` is its id, or its position from 0. ``values`` are the row's own, by column. ``answer`` is ``base`` and all
    contributions together, in the units of ``ModelExplanation.unit``; ``label`` is the class that it is about, if any.
    """

    row: str
    base: float
    answer: float
    contributions: dict[str, float]
    values: dict[str, Any]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ModelExplanation:
    """Explanations of one model on its evaluation rows.

    ``importances`` are permutation importances, largest first, on ``rows`` rows with ``repeats`` shuffles from
    ``seed``. ``explained`` has attributions of a few rows where ``attribution`` names a method that the model's kind
    has, such as ``TreeSHAP (lightgbm)``; ``reason`` says why there are none. ``unit`` is what attributions add up in:
    ``log odds``, ``probability`` or ``prediction``.
    """

    metric: str
    rows: int
    repeats: int
    seed: int
    importances: tuple[Importance, ...]
    attribution: str | None = None
    unit: Literal["log odds", "probability", "prediction"] | None = None
    explained: tuple[ExplainedRow, ...] = ()
    reason: str | None = None
