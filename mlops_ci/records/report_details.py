"""What a report's charts are drawn from: numbers of a bounded size, however many rows there were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mlops_ci.records.explanation import ChangedRows


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, computed from all rows and then thinned; ``area`` is that below it, where it means much."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    area: float | None = None


@dataclass(frozen=True, slots=True)
class ClassCurve:
    """The ROC curve of one of several classes, against all others."""

    of: str
    roc: Curve


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rows with similar scores: the mean score, the share of rows that are positive, and how many rows they are."""

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by true class (outer) and answered class (inner); the last class stands for ``others``, if there are any.

    ``classes`` are those with the most rows, then by name.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class Residuals:
    """Target minus prediction, over the prediction.

    ``points`` are some of the rows. ``middles`` are the predictions in the middle of bands with equally many rows each,
    the others the residuals that a tenth, half and nine tenths of the rows of a band do not exceed.
    """

    points: Curve
    middles: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """The share of rows, or of queries, whose value of something is at most x; ``better`` are low or high values."""

    of: str
    curve: Curve
    better: Literal["low", "high"] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What one model's predictions on the evaluation set look like; what does not fit the task is null or empty.

    ``class_rocs`` are of the classes with the most rows, where there are several. ``unusable`` counts rows that are
    in no curve, since their score or answer is no number.
    """

    rows: int
    roc: Curve | None = None
    precision_recall: Curve | None = None
    calibration: Calibration | None = None
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    spreads: tuple[Spread, ...] = ()
    unusable: int = 0
    class_rocs: tuple[ClassCurve, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportDetails:
    """What is seen of a run besides its verdict.

    ``positive`` is the class that scores of a binary task are for; ``champion`` has the answers of ``compared_with`` on
    the same rows; ``needs`` names for each step those whose outputs it reads; ``notes`` say what could not be told, and
    why.
    """

    task: Literal["binary", "multiclass", "regression", "ranking", "rows"] | None = None
    positive: str | None = None
    candidate: Answers | None = None
    champion: Answers | None = None
    compared_with: str | None = None
    changed: ChangedRows | None = None
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
