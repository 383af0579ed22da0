"""What a model goes by: which inputs matter to it, on the whole and for a few rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.records.files import FileRecord


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse ``metric`` becomes when a column is shuffled: mean and standard deviation over the repeats."""

    column: str
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One row: what each column adds to the answer, largest first, from ``base``, the answer to an average row.

    ``row`` is its id, or its position from 0. ``values`` are the row's own, by column. ``answer`` is ``base``, all
    contributions and ``others`` together, in the units of ``ModelExplanation.unit``; ``others`` is what the columns add
    that are too many to be told one by one. ``label`` is the class that it is about, if any; ``target`` is the truth.
    """

    row: str
    base: float
    answer: float
    contributions: dict[str, float]
    values: dict[str, Any]
    label: str | None = None
    others: float = 0.0
    chosen: Literal["surest right", "most wrong", "average"] | None = None
    target: Any = None


@dataclass(frozen=True, slots=True)
class ModelExplanation:
    """Explanations of one model on its evaluation rows.

    ``importances`` are permutation importances, largest first, on ``rows`` rows with ``repeats`` shuffles from
    ``seed``. ``explained`` has attributions of a few rows where ``attribution`` names a method that the model's kind
    has, such as ``TreeSHAP (lightgbm)``; ``reason`` says why there are none, or, without importances, why there is no
    explanation at all. ``unit`` is what attributions add up in; ``score`` is the model's own, before it makes
    probabilities or predictions of it.
    """

    metric: str
    rows: int
    repeats: int
    seed: int
    importances: tuple[Importance, ...]
    attribution: str | None = None
    unit: Literal["log odds", "probability", "prediction", "score"] | None = None
    explained: tuple[ExplainedRow, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class KeptExplanation:
    """The explanation of a version, as a file stored under ``attempt`` in the model's folder."""

    file: FileRecord
    attempt: str
