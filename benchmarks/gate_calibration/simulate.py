"""One cell of the table: a metric, a population, a number of rows, many samples."""

from __future__ import annotations

import math
import time
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from gate_calibration.populations import Population
from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change, estimate_versus
from mlops_ci.metrics import Metric, value
from mlops_ci.metrics.catalogue import metric_of
from mlops_ci.project.metric_calls import parse_metric
from mlops_ci.statistics import Estimate

CONFIDENCE = 0.95
_REFERENCE_ROWS = 400_000
_REFERENCES = 25
"""Ten million rows. Of a sample of 1,000 rows the truth is then known to a hundredth of a standard error."""

MANY_ROWS, _MANY_REFERENCES = 20_000, 250
"""For samples of so many rows that would be a twentieth, which alone turns 5 % into 5.5 %."""


@dataclass(slots=True)
class Side:
    """How often a one-sided bound missed the truth, and how often there was none."""

    missed: int = 0
    none: int = 0


@dataclass(slots=True)
class Cell:
    """What came of all samples; ``kind`` is one model, or two compared."""

    population: str
    metric: str
    rows: int
    kind: str
    samples: int
    seed: int
    truth: float
    lower: Side = field(default_factory=Side)
    upper: Side = field(default_factory=Side)
    undefined: int = 0
    milliseconds: float = 0.0
    methods: dict[str, int] = field(default_factory=dict)

    def count(self, estimate: Estimate, *, taken: float) -> None:
        """Take in the estimate of one sample."""
        self.milliseconds += taken * 1000.0 / self.samples
        self.methods[estimate.method] = self.methods.get(estimate.method, 0) + 1
        if math.isnan(estimate.value):
            self.undefined += 1
        slack = 1e-12 * max(1.0, abs(self.truth))
        for side, bound, wrong in (
            (self.lower, estimate.lower, estimate.lower > self.truth + slack),
            (self.upper, estimate.upper, estimate.upper < self.truth - slack),
        ):
            side.none += math.isnan(bound)
            side.missed += bool(wrong)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def metric(name: str) -> Metric:
    """The metric that a rule would call by this name."""
    call = parse_metric(name)
    found = metric_of(call.name, call.arguments, call.of)
    if found is None:
        raise ValueError(f"no such metric: {name}")
    return found


def seed_of(population: str, rows: int) -> int:
    """The seed of all samples of a population and size; printed with the results."""
    return zlib.crc32(f"{population}/{rows}".encode())


def run(
    population: Population, rows: int, samples: int, names: tuple[str, ...], truths: dict[tuple[str, str], float]
) -> list[Cell]:
    """Draw samples of so many rows, and count for each metric how often its bounds are wrong."""
    seed = seed_of(population.name, rows)
    # Of an equal population the other one has shown a single model already.
    cells = [
        Cell(population.name, name, rows, kind, samples, seed, truths[name, kind])
        for name in names
        for kind in ("one", "two")
        if kind == "two" or not (metric(name).versus or population.equal)
    ]
    for sample in range(samples):
        ours, theirs = population.draw(np.random.default_rng([seed, sample]), rows)
        for cell in cells:
            began = time.perf_counter()
            if cell.kind == "one":
                found = estimate_alone(metric(cell.metric), ours, CONFIDENCE)
            elif metric(cell.metric).versus:
                found = estimate_versus(metric(cell.metric), ours, theirs, CONFIDENCE)
            else:
                found = estimate_change(metric(cell.metric), ours, theirs, 1.0, CONFIDENCE)
            cell.count(found, taken=time.perf_counter() - began)
    return cells


def truths_of(population: Population, names: tuple[str, ...], rows: int) -> dict[tuple[str, str], float]:
    """The truth for each metric and kind, where it is not known to be zero, for samples of so many rows."""
    found: dict[tuple[str, str], list[float]] = {(name, kind): [] for name in names for kind in ("one", "two")}
    for part in range(_MANY_REFERENCES if rows >= MANY_ROWS else _REFERENCES):
        ours, theirs = population.draw(np.random.default_rng([seed_of(population.name, 0), part]), _REFERENCE_ROWS)
        for name in names:
            called = metric(name)
            if called.versus:
                x, y = ours.columns["x"], theirs.columns["x"]
                found[name, "two"].append(float(np.mean((x > y) + 0.5 * (x == y))))
                continue
            own = value(called, ours)
            found[name, "one"].append(own)
            found[name, "two"].append(0.0 if population.equal else own - value(called, theirs))
    return {key: float(np.mean(values)) for key, values in found.items() if values}
