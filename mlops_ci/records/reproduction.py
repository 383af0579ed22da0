"""What came of running something again: how far its results are from those on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

REPRODUCTION_FORMAT = 1
ReproductionOutcome = Literal["identical", "equal", "different", "impossible"]


@dataclass(frozen=True, slots=True)
class AgainFile:
    """A file of the model, by the digests of then and now; null where there was or is none."""

    path: str
    recorded: str | None
    again: str | None


@dataclass(frozen=True, slots=True)
class AgainMetric:
    """A metric of then and now; null where it had or has no value."""

    name: str
    recorded: float | None
    again: float | None


@dataclass(frozen=True, slots=True)
class AgainRows:
    """Predictions of then and now, row by row.

    ``rows`` are those on record and ``again`` those of now; ``equal`` of them are in both and agree in every column.
    ``difference`` is the largest one between two numbers, relative where the recorded one is above 1, and null where
    no rows could be paired; ``column`` has it. ``mismatches`` are pairs of rows that differ in something that is no
    number.
    """

    rows: int
    again: int
    equal: int
    mismatches: int
    difference: float | None
    column: str | None


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A run or version that was run again.

    ``identical`` is what has the same bytes in all that is compared, ``equal`` what differs by no more than
    ``tolerance`` in metrics and predictions, whatever the bytes; ``impossible`` what could not be run, for ``reason``.
    ``first`` are the steps whose outputs differ though nothing that they read does. ``notes`` say what is not as it was
    then. ``predictions`` are null where none are on record.
    """

    format: int
    subject: str
    commit: str
    run: str | None
    outcome: ReproductionOutcome
    tolerance: float
    reason: str | None = None
    files: tuple[AgainFile, ...] = ()
    metrics: tuple[AgainMetric, ...] = ()
    predictions: AgainRows | None = None
    first: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
