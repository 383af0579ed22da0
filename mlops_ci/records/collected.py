"""What a scoring server keeps of requests and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci.records.signature import Column

COLLECTED_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """The first line of a segment: what all its requests have in common.

    ``deployment`` is the one that answered, ``columns`` those of the model's signature, ``started`` when the first of
    the requests came.
    """

    format: int
    model: str
    version: int | None
    deployment: str | None
    columns: tuple[Column, ...]
    started: str


@dataclass(frozen=True, slots=True)
class CollectedRequest:
    """A request, a line of a segment each: what was asked and answered by column, with a value for each of ``rows``.

    ``time`` is ISO 8601 in UTC, ``seconds`` how long the answer took. ``inputs`` is null where only answers are kept.
    ``outputs`` are ``prediction``, and ``score.<class>`` where there are probabilities. An entry script's request and
    answer are one row, their text under ``body`` and ``prediction``.
    """

    id: str
    time: str
    status: int
    seconds: float
    rows: int
    inputs: dict[str, list[Any]] | None
    outputs: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class CollectedBodies:
    """The same of a request to ``/score``, in the form that costs a server least: body and answer as they were sent.

    Names and order of the columns are those of the signature, where the body has none. ``asked`` is null where only
    answers are kept. It is read as a :class:`CollectedRequest`.
    """

    id: str
    time: str
    status: int
    seconds: float
    rows: int
    asked: Any
    answered: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CompactionPlan:
    """The segments, by name, that one compaction makes tables of; nobody begins another before that is done."""

    format: int
    segments: tuple[str, ...]
