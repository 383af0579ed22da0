from __future__ import annotations

from mlops_ci.metrics import METRICS
from mlops_ci.project.metric_names import BUILT_IN


def test_the_names_known_without_numpy_are_those_of_the_catalogue() -> None:
    assert {name: metric.tasks for name, metric in METRICS.items()} == BUILT_IN
