"""How long the gate's intervals take on a million paired rows, against resampling in a loop.

    python benchmarks/gate_speed.py [--rows 1000000] [--loop 2]

All metrics run with their bounds for the change, in a process of its own whose peak memory is printed. Then two ways
in which people do the same today, with 600 resamples each: a loop that resamples rows and calls scikit-learn, and
`scipy.stats.bootstrap`. Both are so slow that only `--loop` resamples are run and their time is multiplied; the output
says so. Then bounds beside scipy's on few rows, and DeLong against the comparison of all pairs.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import numpy.typing as npt
import scipy.stats
import sklearn.metrics

from mlops_ci.gate.estimating.estimates import estimate_change, estimate_versus
from mlops_ci.metrics import Metric, Predictions, metric_of
from mlops_ci.project.metric_calls import parse_metric
from mlops_ci.statistics import delong_paired

RESAMPLES = 600
BINARY = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "mcc",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "calibration_error",
    "recall_at_precision(0.5)",
    "mean(score)",
    "median(score)",
    "win_rate(score)",
]
REGRESSION = ["rmse", "mae", "r2", "mape", "smape", "pinball(0.9)", "poisson_deviance", "gamma_deviance"]
SEED = 7
Floats = npt.NDArray[np.float64]


def binary(rows: int) -> tuple[Predictions, Predictions]:
    """Two models whose scores share most of their noise."""
    random = np.random.default_rng(SEED)
    target, shared = random.random(rows) < 0.3, random.normal(size=rows)

    def model(skill: float) -> Predictions:
        score = 1 / (1 + np.exp(1 - skill * target - 0.8 * shared - 0.6 * random.normal(size=rows)))
        return Predictions("binary", target, None, score, ("no", "yes"), columns={"score": score}).with_prediction()

    return model(1.5), model(1.3)


def regression(rows: int) -> tuple[Predictions, Predictions]:
    """Two models with errors in proportion to the target."""
    random = np.random.default_rng(SEED)
    target, shared = np.exp(0.5 * random.normal(size=rows)), random.normal(size=rows)

    def model(noise: float) -> Predictions:
        answer = target * np.exp(0.3 * shared + noise * random.normal(size=rows))
        return Predictions("regression", target, answer, None, ())

    return model(0.2), model(0.25)


def called(text: str) -> Metric:
    """The metric of a rule's left side."""
    call = parse_metric(text)
    metric = metric_of(call.name, call.arguments, call.of)
    if metric is None:
        raise SystemExit(f"there is no metric {text}")
    return metric


def ours(rows: int) -> dict[str, object]:
    """Seconds and bounds of each metric."""
    found: dict[str, object] = {}
    for names, (candidate, baseline) in ((BINARY, binary(rows)), (REGRESSION, regression(rows))):
        for name in names:
            metric, started = called(name), time.perf_counter()
            if metric.versus:
                estimate = estimate_versus(metric, candidate, baseline, 0.95)
            else:
                estimate = estimate_change(metric, candidate, baseline, 1.0, 0.95)
            found[name] = (time.perf_counter() - started, estimate.lower, estimate.upper, estimate.method)
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def theirs(rows: int, loop: int) -> None:
    """scikit-learn in a loop and scipy's bootstrap, for metrics that both have."""
    candidate, baseline = binary(rows)
    truth = candidate.target
    functions = {
        "accuracy": (sklearn.metrics.accuracy_score, "prediction"),
        "f1": (sklearn.metrics.f1_score, "prediction"),
        "mcc": (sklearn.metrics.matthews_corrcoef, "prediction"),
        "roc_auc": (sklearn.metrics.roc_auc_score, "score"),
        "pr_auc": (sklearn.metrics.average_precision_score, "score"),
        "log_loss": (sklearn.metrics.log_loss, "score"),
        "brier": (sklearn.metrics.brier_score_loss, "score"),
    }
    mine_total = loop_total = scipy_total = 0.0
    random = np.random.default_rng(SEED)
    print(f"{'metric':10}{'ours, s':>10}{'loop, s':>12}{'scipy, s':>12}   (theirs: {loop} of {RESAMPLES}, multiplied)")
    for name, (function, needs) in functions.items():
        one, two = getattr(candidate, needs), getattr(baseline, needs)
        metric, started = called(name), time.perf_counter()
        estimate_change(metric, candidate, baseline, 1.0, 0.95)
        mine = time.perf_counter() - started
        started = time.perf_counter()
        for _ in range(loop):
            drawn = random.integers(0, rows, rows)
            function(truth[drawn], one[drawn]) - function(truth[drawn], two[drawn])
        looped = (time.perf_counter() - started) * RESAMPLES / loop

        def change(y: Floats, a: Floats, b: Floats, function=function) -> float:  # type: ignore[no-untyped-def]
            return float(function(y, a) - function(y, b))

        started = time.perf_counter()
        scipy.stats.bootstrap(
            (truth, one, two), change, n_resamples=loop, paired=True, vectorized=False, method="percentile", rng=SEED
        )
        sciped = (time.perf_counter() - started) * RESAMPLES / loop
        print(f"{name:10}{mine:10.2f}{looped:12.0f}{sciped:12.0f}")
        mine_total, loop_total, scipy_total = mine_total + mine, loop_total + looped, scipy_total + sciped
    ratios = f"{loop_total / mine_total:,.0f} and {scipy_total / mine_total:,.0f}"
    print(f"all        {mine_total:9.2f}{loop_total:12.0f}{scipy_total:12.0f}   ratios {ratios}")


def agreement(rows: int = 2000) -> None:
    """Our bounds beside scipy's on few rows, with all resamples."""
    candidate, baseline = binary(rows)
    print(f"\nbounds at {rows:,} rows: ours, scipy's with 4,000 resamples, and the difference in standard errors")
    for name, function in (("f1", sklearn.metrics.f1_score), ("log_loss", sklearn.metrics.log_loss)):
        needs = "prediction" if name == "f1" else "score"
        sides = (candidate.target, getattr(candidate, needs), getattr(baseline, needs))
        mine = estimate_change(called(name), candidate, baseline, 1.0, 0.95)
        other = scipy.stats.bootstrap(
            sides,
            lambda y, a, b, function=function: function(y, a) - function(y, b),
            n_resamples=4000,
            paired=True,
            vectorized=False,
            confidence_level=0.9,
            method="percentile",
            rng=SEED,
        ).confidence_interval
        apart = [(mine.lower - other.low) / mine.standard_error, (mine.upper - other.high) / mine.standard_error]
        print(f"{name:10}{mine.lower:.5f} {mine.upper:.5f}   {other.low:.5f} {other.high:.5f}   {np.round(apart, 3)}")


def delong_pairs(rows: int = 6000) -> None:
    """DeLong from sorted ranks against all pairs."""
    candidate, baseline = binary(rows)
    target, scores = candidate.target, (candidate.require_score(), baseline.require_score())
    started = time.perf_counter()
    mine = delong_paired(target, *scores, 1.0, 0.95)
    fast = time.perf_counter() - started
    started = time.perf_counter()
    pairs = [np.sign(score[target][:, None] - score[~target][None, :]) / 2 + 0.5 for score in scores]
    contrast = pairs[0] - pairs[1]
    parts = [contrast.mean(axis=1), contrast.mean(axis=0)]
    error = float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)))
    slow = time.perf_counter() - started
    apart = max(abs(mine.value - contrast.mean()), abs(mine.standard_error - error))
    times = f"{fast * 1e3:.1f} ms; all pairs {slow * 1e3:.0f} ms ({slow / fast:.0f}x)"
    print(f"\nDeLong, {rows:,} rows: {times}; {apart:.1e} apart")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--loop", type=int, default=2)
    parser.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        print(json.dumps(ours(options.rows)))
        return
    command = [sys.executable, __file__, "--rows", str(options.rows), "--ours"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    peak = found.pop("peak")
    print(f"{len(found)} metrics with bounds on {options.rows:,} paired rows (seed {SEED})")
    for name, (seconds, lower, upper, method) in found.items():
        print(f"{name:26}{seconds:8.2f} s  [{lower:.6f}, {upper:.6f}]  {method}")
    print(f"all: {sum(item[0] for item in found.values()):.1f} s, peak memory {peak:,.0f} MB\n")
    theirs(options.rows, options.loop)
    agreement()
    delong_pairs()


if __name__ == "__main__":
    main()
