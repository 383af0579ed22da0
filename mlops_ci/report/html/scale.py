"""From values to places on a drawing, and the round numbers that are written along it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_ci.records.chart import Axis

_MARGIN = 0.05  # of the span, where the axis does not say its ends
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGEST, _SMALLEST = 1e300, 1e-290


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from ``low`` to ``high``, drawn from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, to a tenth; what lies far outside is put a little outside."""
        low, high, value = (self._number(number) for number in (self.low, self.high, value))
        share = (value - low) / (high - low)
        return round(self.start + max(-1.0, min(2.0, share)) * (self.end - self.start), 1)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Places and words of at most so many round values."""
        values = _powers(self.low, self.high, most) if self.log else _round(self.low, self.high, most)
        return [(self.at(value), number(value)) for value in values]

    def _number(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value


def scale(axis: Axis, values: Iterable[float], start: float, end: float) -> Scale:
    """The scale of an axis with these values."""
    if axis.labels:
        return Scale(-0.5, len(axis.labels) - 0.5, start, end)
    found = [max(-_LARGEST, min(_LARGEST, value)) for value in values if math.isfinite(value)]
    found = [value for value in found if value > 0.0] if axis.log else found
    low = min(found, default=1.0) if axis.low is None else axis.low
    high = max(found, default=low) if axis.high is None else axis.high
    if axis.log:
        low = max(low, _SMALLEST)
        return Scale(low, high if high > low * 1.001 else low * 10.0, start, end, log=True)
    if high / 2 - low / 2 <= max(_SMALLEST, 1e-12 * max(abs(low), abs(high))):  # one value, in the middle
        room = max(abs(high) / 2, _SMALLEST) if high else 1.0
        return Scale(low - room, high + room, start, end)
    span = (high / 2 - low / 2) * 2
    return Scale(
        low - _MARGIN * span if axis.low is None else low,
        high + _MARGIN * span if axis.high is None else high,
        start,
        end,
    )


def number(value: float) -> str:
    """A value as it stands along an axis or in a tip."""
    if not math.isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    size = abs(value)
    text = f"{value:,.0f}" if 1e4 <= size < 1e7 else f"{value:,.4g}" if 1e-3 <= size < 1e4 else f"{value:.3g}"
    return text.replace("-", "−") if "e" not in text else text


def _round(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0.0 else 1.0
    step = next((factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9)), rough) or 1.0
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(place * step, 12) if abs(step) < 1e12 else place * step for place in range(first, last + 1)][
        : most * 2
    ]


def _powers(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / most))
    powers = [10.0**power for power in range(first, last + 1, every)]
    return powers if len(powers) > 1 else [low, high]
