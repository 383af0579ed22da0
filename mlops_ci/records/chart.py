"""A chart, before anybody has drawn it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart: a value for each label."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same labels. ``marks`` are the positions of points of the first line that matter most.

    ``axis`` says what the labels are.
    """

    title: str
    axis: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    marks: tuple[int, ...] = ()
