"""Where the simulated rows come from: populations of paired predictions, whose truth is known.

Scores of two classes are normal, half a distance to either side of zero, and made into probabilities by the likelihood
ratio, so that the models are calibrated. Two models' scores share a part of their noise, as two models of the same data
do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri, softmax

from mlops_ci.metrics import Predictions

Array = npt.NDArray[np.float64]
Random = np.random.Generator
Pair = tuple[Predictions, Predictions]

BINARY = (
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc", "roc_auc", "pr_auc", "log_loss", "brier",
    "calibration_error", "recall_at_precision(0.8)",
)  # fmt: skip
MULTICLASS = ("accuracy", "balanced_accuracy", "f1(macro)", "recall[c]", "log_loss", "mcc")
REGRESSION = ("rmse", "mae", "r2", "mape", "pinball(0.9)")
ROWS = ("mean(x)", "median(x)", "quantile(x, 0.9)", "win_rate(x)")
RANKING = ("ndcg(10)", "map")


@dataclass(frozen=True, slots=True)
class Population:
    """Paired predictions. In an ``equal`` population the two models are exchangeable: no metric differs in truth."""

    name: str
    about: str
    draw: Callable[[Random, int], Pair]
    metrics: tuple[str, ...]
    equal: bool = False


def _shared(random: Random, n: int, correlation: float) -> tuple[Array, Array]:
    common = random.standard_normal(n) * np.sqrt(correlation)
    own = np.sqrt(1.0 - correlation)
    return common + own * random.standard_normal(n), common + own * random.standard_normal(n)


def binary(
    positives: float, distances: tuple[float, float], *, grid: float = 0.0, a_group: int = 0, weighted: bool = False
) -> Callable[[Random, int], Pair]:
    """Two classes; ``grid`` rounds the probabilities, so that many are tied; ``a_group`` rows share their luck."""

    def draw(random: Random, n: int) -> Pair:
        group, luck = None, np.zeros(n)
        tendency = np.full(n, ndtri(positives))
        if a_group:
            group = np.arange(n) // a_group
            luck = 0.8 * random.standard_normal(int(group[-1]) + 1)[group]
            tendency = ndtri(positives) * np.sqrt(2.0) + random.standard_normal(int(group[-1]) + 1)[group]
        target = random.standard_normal(n) < tendency
        weight = random.lognormal(0.0, 0.7, n) * np.where(target, 2.0, 1.0) if weighted else None
        sides = []
        for distance, noise in zip(distances, _shared(random, n, 0.7), strict=True):
            latent = np.where(target, distance / 2, -distance / 2) + noise + luck
            score = expit(distance * latent + logit(positives))
            if grid:
                score = np.clip(np.round(score / grid) * grid, 0.01, 0.99)
            sides.append(Predictions("binary", target, score >= 0.5, score, ("no", "yes"), weight, group))
        return sides[0], sides[1]

    return draw


def multiclass(strengths: tuple[float, float]) -> Callable[[Random, int], Pair]:
    """Three classes with shares 0.6, 0.3 and 0.1."""
    shares = np.array([0.6, 0.3, 0.1])

    def draw(random: Random, n: int) -> Pair:
        target = random.choice(3, n, p=shares)
        truth = np.eye(3)[target]
        common = random.standard_normal((n, 3))
        sides = []
        for strength in strengths:
            noise = np.sqrt(0.6) * common + np.sqrt(0.4) * random.standard_normal((n, 3))
            score = softmax(strength * truth + noise + np.log(shares), axis=1)
            sides.append(Predictions("multiclass", target, score.argmax(axis=1), score, ("a", "b", "c")))
        return sides[0], sides[1]

    return draw


def regression(
    spreads: tuple[float, float], noise: Callable[[Random, int], Array], *, a_group: int = 0
) -> Callable[[Random, int], Pair]:
    """A positive target, and answers that miss it by noise, a part of which both models share."""

    def draw(random: Random, n: int) -> Pair:
        group = np.arange(n) // a_group if a_group else None
        target = random.gamma(3.0, 2.0, n) + 0.5
        common = noise(random, n)
        if group is not None:
            common = 0.6 * common + 0.8 * noise(random, int(group[-1]) + 1)[group]
        sides = [
            Predictions(
                "regression", target, target + spread * (0.7 * common + 0.7 * noise(random, n)), None, (), group=group
            )
            for spread in spreads
        ]
        return sides[0], sides[1]

    return draw


def ranking(strengths: tuple[float, float]) -> Callable[[Random, int], Pair]:
    """Queries of ten documents each, of which some are relevant."""

    def draw(random: Random, n: int) -> Pair:
        group = np.arange(n) // 10
        relevance = random.choice([0.0, 1.0, 2.0], n, p=[0.7, 0.2, 0.1])
        sides = [
            Predictions("ranking", relevance, None, strength * relevance + noise, (), group=group)
            for strength, noise in zip(strengths, _shared(random, n, 0.5), strict=True)
        ]
        return sides[0], sides[1]

    return draw


def rows(shift: float, spread: float, *, whole: bool = False) -> Callable[[Random, int], Pair]:
    """A column of positive values with a long tail, or of whole numbers with many ties."""

    def draw(random: Random, n: int) -> Pair:
        sides = []
        for moved, noise in zip((shift, 0.0), _shared(random, n, 0.6), strict=True):
            values = np.exp(moved + spread * noise)
            values = np.clip(np.round(values), 0.0, 5.0) if whole else values
            sides.append(Predictions("rows", np.zeros(n), None, None, (), columns={"x": values}))
        return sides[0], sides[1]

    return draw


def _normal(random: Random, n: int) -> Array:
    return random.standard_normal(n)


def _heavy(random: Random, n: int) -> Array:
    return random.standard_t(5, n)  # the square of an error still has a variance, just so


POPULATIONS = (
    Population("balanced", "half positives, AUC 0.86 and 0.82", binary(0.5, (1.5, 1.3)), BINARY),
    Population("balanced, equal", "the same with no difference", binary(0.5, (1.4, 1.4)), BINARY, equal=True),
    Population("1 % positives", "AUC 0.92 and 0.89", binary(0.01, (2.0, 1.7)), BINARY),
    Population("1 %, equal", "the same with no difference", binary(0.01, (1.8, 1.8)), BINARY, equal=True),
    Population("good", "half positives, AUC 0.994 and 0.98", binary(0.5, (3.6, 3.0)), BINARY),
    Population("ties", "probabilities in steps of 0.1", binary(0.3, (1.5, 1.3), grid=0.1), BINARY),
    Population("clustered", "five rows a group", binary(0.3, (1.5, 1.3), a_group=5), BINARY),
    Population("clustered, equal", "with no difference", binary(0.3, (1.4, 1.4), a_group=5), BINARY, equal=True),
    Population("weighted", "weights from 0.2 to 10", binary(0.3, (1.5, 1.3), weighted=True), BINARY),
    Population("three classes", "0.6, 0.3, 0.1", multiclass((2.0, 1.7)), MULTICLASS),
    Population("three, equal", "with no difference", multiclass((1.8, 1.8)), MULTICLASS, equal=True),
    Population("normal errors", "", regression((1.0, 1.1), _normal), REGRESSION),
    Population("heavy tails", "errors of Student's t with 5 degrees", regression((1.0, 1.1), _heavy), REGRESSION),
    Population("heavy, equal", "with no difference", regression((1.0, 1.0), _heavy), REGRESSION, equal=True),
    Population("errors by group", "five rows a group", regression((1.0, 1.1), _normal, a_group=5), REGRESSION),
    Population("queries", "ten documents each", ranking((1.0, 0.8)), RANKING),
    Population("queries, equal", "with no difference", ranking((0.9, 0.9)), RANKING, equal=True),
    Population("long tail", "log-normal values", rows(0.1, 1.0), ROWS),
    Population("long tail, equal", "with no difference", rows(0.0, 1.0), ROWS, equal=True),
    Population("whole numbers", "0 to 5, many ties", rows(0.1, 0.7, whole=True), ROWS),
)


def swapped(pair: Pair) -> Pair:
    """The other way round."""
    return pair[1], pair[0]


def alone(predictions: Predictions) -> Predictions:
    """Predictions without their groups, for what they would look like to somebody who does not know of them."""
    return replace(predictions, group=None)
