"""Training noise: with several trainings of a model, a rule asks about the training and not about one lucky model.

The same recipe with another seed makes another model, and the difference between two such models is often larger than
what a test set's rows leave open (Bouthillier et al. 2021, Accounting for Variance in Machine Learning Benchmarks,
MLSys 3). Rows and trainings are independent sources: the squares of how far each reaches add up (Howe 1974, Journal of
the American Statistical Association 69:789-794). The degrees of freedom are those of the trainings alone, by Welch
(1947, Biometrika 34:28-35) and Satterthwaite. Counted together with the rows they would grow without end where a few
trainings happen to agree, just when the noise is underrated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from scipy.special import stdtrit

from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.summary import side_name
from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import SeedSpread
from mlops_ci.statistics import Estimate, rows_needed
from mlops_ci.statistics.confidence import normal_quantile

_POWER = 0.8  # as in rows_needed
_COUNTED = ("Clopper", "paired proportions", "exact")


@dataclass(frozen=True, slots=True)
class Trainings:
    """The values of a metric over the candidate's trainings, two or more, and over those of what it is compared with.

    ``theirs`` is empty if the rule compares with a number. A single training there has no spread: the candidate's is
    taken for it.
    """

    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()

    @property
    def spread(self) -> SeedSpread:
        """What a report says of them."""
        theirs = stdev(self.theirs) if len(self.theirs) > 1 else None
        return SeedSpread(len(self.ours), len(self.theirs), stdev(self.ours), theirs)

    def change(self, factor: float) -> float:
        """The mean of the candidate's values, minus ``factor`` times that of the others."""
        return mean(self.ours) - (factor * mean(self.theirs) if self.theirs else 0.0)

    def sources(self, factor: float) -> list[tuple[float, int]]:
        """The variance of that change by source, with the degrees of freedom of each."""
        variance, degrees = stdev(self.ours) ** 2, len(self.ours) - 1
        if len(self.theirs) == 1:
            return [(variance * (1 / len(self.ours) + factor**2), degrees)]
        found = [(variance / len(self.ours), degrees)]
        if self.theirs:
            found.append((factor**2 * stdev(self.theirs) ** 2 / len(self.theirs), len(self.theirs) - 1))
        return found


def trainings_of(
    metric: str, candidate: Evidence, other: Evidence | None = None, value: float | None = None
) -> Trainings | str | None:
    """The trainings that a rule asks about; None if the candidate has one only, a text if one of them has no value.

    Args:
        metric: as the rule calls it.
        candidate: what is known of it.
        other: what is known of the version that it is compared with; None for a rule with a number.
        value: the value of that version's model, which stands where no trainings of it are known.
    """
    ours = candidate.seeds.get(metric, ())
    if len(ours) < 2:
        return None
    theirs: Sequence[float | None] = ()
    if other is not None:
        theirs = other.seeds.get(metric, ())
        theirs = theirs if len(theirs) > 1 else (value,)
    for values, whose in ((ours, "the candidate"), (theirs, "what it is compared with")):
        for seed, one in enumerate(values):
            if one is None or not math.isfinite(one):
                return f"seed {seed} of {whose} has no value"
    return Trainings(tuple(v for v in ours if v is not None), tuple(v for v in theirs if v is not None))


def one_training_against_many(
    rules: Iterable[Rule], candidate: Evidence, references: Mapping[str, Reference | None]
) -> Iterator[str]:
    """A note for each version that was judged by several trainings, if the candidate has a single one.

    Whoever takes ``seeds`` away may be lucky with the one training that is left, and nothing in its numbers tells.
    """
    told = set()
    for rule in rules:
        reference = references.get(rule.bound.reference or "")
        theirs = reference.evidence.seeds.get(rule.metric, ()) if reference and reference.evidence else ()
        if reference and len(theirs) > 1 and len(candidate.seeds.get(rule.metric, ())) < 2:
            told.add(f"{side_name(reference.side)} was judged by {len(theirs)} trainings and the candidate by one")
    yield from (f"{each}: the noise of training is left out" for each in sorted(told))


def widen(estimate: Estimate, trainings: Trainings | None, factor: float, confidence: float) -> Estimate:
    """An estimate from the rows of two models, or of one, as an estimate of what their training comes to.

    Its value is the difference of the means; its bounds lie at least as far from it as those of the rows alone. A bound
    that is not known stays unknown.

    Args:
        estimate: of the first training's models, at this confidence.
        trainings: None leaves everything as it is.
        factor: what the other side is multiplied with.
        confidence: of each bound.
    """
    if trainings is None:
        return estimate
    value, sources = trainings.change(factor), trainings.sources(factor)
    noise = _reach(sources, confidence)
    below, above = (
        _beside(noise, of_rows) for of_rows in (estimate.value - estimate.lower, estimate.upper - estimate.value)
    )
    return replace(
        estimate,
        value=value,
        lower=value - below,
        upper=value + above,
        standard_error=math.sqrt(estimate.standard_error**2 + sum(variance for variance, _ in sources)),
        method=f"{estimate.method}, {_counted(trainings)}",
    )


def rows_beside_noise(
    estimate: Estimate,
    trainings: Trainings | None,
    rows: int,
    distance: float,
    factor: float,
    confidence: float,
    *,
    upwards: bool,
) -> int | None:
    """Rows at which the rule would probably be settled with as many trainings; None if rows cannot do it.

    Args:
        estimate: as :func:`widen` has left it.
        trainings: as they went into it.
        rows: those of the estimate.
        distance: how far the truth is taken to lie on the passing side of the bound.
        factor: what the other side is multiplied with.
        confidence: of each bound.
        upwards: whether the rule asks for a high value, so that the lower bound decides.
    """
    reach = estimate.value - estimate.lower if upwards else estimate.upper - estimate.value
    if trainings is None:
        counts = estimate.method.startswith(_COUNTED)
        return rows_needed(estimate.standard_error, rows, distance, confidence, reach=reach, counts=counts)
    sources = trainings.sources(factor)
    noise = sum(variance for variance, _ in sources)
    of_noise = _reach(sources, confidence)
    room = distance**2 - (of_noise + normal_quantile(_POWER) * math.sqrt(noise)) ** 2
    if distance <= 0 or room <= 0:
        return None
    of_rows = math.sqrt(max(0.0, estimate.standard_error**2 - noise))
    alone = math.sqrt(max(0.0, reach**2 - of_noise**2))
    return rows_needed(of_rows, rows, math.sqrt(room), confidence, _POWER, reach=alone)


def _reach(sources: Sequence[tuple[float, int]], confidence: float) -> float:
    """How far a bound lies from the value by the noise of training alone."""
    variance = sum(each for each, _ in sources)
    certain = sum(each**2 / degrees for each, degrees in sources)
    return float(stdtrit(variance**2 / certain, confidence)) * math.sqrt(variance) if certain > 0 else 0.0


def _beside(noise: float, of_rows: float) -> float:
    """How far it lies by both; what is not known stays so."""
    return math.hypot(noise, max(0.0, of_rows)) if math.isfinite(of_rows) else of_rows


def _counted(trainings: Trainings) -> str:
    ours, theirs = len(trainings.ours), len(trainings.theirs)
    return f"{ours} trainings" if theirs in {0, ours} else f"{ours} trainings against {theirs}"
