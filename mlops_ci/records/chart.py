"""Charts, before anybody has drawn them: plots over numbers or names, bars, and matrices of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["line", "steps", "points", "guide"]
"""A line, one that stays level until the next point, points alone, or a thin line to compare with."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What is told along an edge: from ``low`` to ``high``, or as far as the values go.

    With ``labels`` the positions 0, 1, 2, … have names. ``log`` is for values above 0.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y), in the order in which a line goes through them; all of them are finite numbers.

    ``marks`` are the positions of points that matter most, ``sizes`` how large each is drawn, by its area, and ``tips``
    what is told of each beside its values.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: Style = "line"
    marks: tuple[int, ...] = ()
    sizes: tuple[float, ...] = ()
    tips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines and points over one pair of axes; the first series is what it is about. ``caption`` says how to read it."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One label's values, a bar for each of ``Bars.names``; null where there is none.

    ``interval`` is that of the first value, a bound being null where it is not known. A ``faint`` bar is only shown.
    """

    label: str
    values: tuple[float | None, ...]
    interval: tuple[float | None, float | None] | None = None
    tip: str = ""
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from 0, grouped by label."""

    title: str
    axis: Axis
    names: tuple[str, ...]
    bars: tuple[Bar, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts of pairs: ``counts[i][j]`` has ``labels[i]`` by ``rows`` and ``labels[j]`` by ``columns``."""

    title: str
    rows: str
    columns: str
    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]
    caption: str = ""


Chart = Plot | Bars | Matrix
