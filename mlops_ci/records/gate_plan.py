"""How many rows the rules of a gate take, and what the rows there are can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shows = Literal["margin", "gain", "distance"]


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """What so many rows can show; ``detectable`` is null where they can show nothing."""

    rows: int
    detectable: float | None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The plan for one rule, on all rows or on one slice of them.

    ``rows`` are those there are; ``needed`` those that pass a model as good as assumed with the power asked for, null
    where no number does or nothing says how good it is. ``detectable`` is the smallest difference that the rows there
    are would probably show, and ``shows`` what that is: a ``margin`` that an unchanged model stays within, a ``gain``
    of a better one, or the ``distance`` of a model's own value from its bound. ``distance`` is how far the truth is
    assumed to lie on the passing side of the bound. Where nothing can be planned, ``problem`` says why.
    """

    rule: str
    label: str
    confidence: float
    shows: Shows = "margin"
    slice: tuple[str, str] | None = None
    rows: int | None = None
    distance: float | None = None
    needed: int | None = None
    detectable: float | None = None
    decides: bool = True
    assumes: tuple[str, ...] = ()
    method: str | None = None
    source: str | None = None
    curve: tuple[PlanPoint, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class GatePlan:
    """The plans of all rules.

    ``total`` is the chance of a false promotion over all ``looks`` at one evaluation set, ``error`` that of one look.
    ``notes`` say what the plan rests on.
    """

    power: float
    total: float
    looks: int
    error: float
    plans: tuple[RulePlan, ...]
    notes: tuple[str, ...] = ()
