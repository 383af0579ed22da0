"""The chart of what matters to a model."""

from __future__ import annotations

from mlops_ci.records.chart import Axis, Bar, Bars
from mlops_ci.records.model_explanation import ModelExplanation

MOST_COLUMNS = 20


def importance_chart(explanation: ModelExplanation) -> Bars | None:
    """Permutation importances, largest first; None without any."""
    shown = explanation.importances[:MOST_COLUMNS]
    if not shown:
        return None
    more = len(explanation.importances) - len(shown)
    rest = f" {more:,} more columns matter less." if more > 0 else ""
    return Bars(
        title="What the model goes by",
        axis=Axis(f"loss of {explanation.metric}"),
        names=("importance",),
        bars=tuple(Bar(one.column, (one.mean,), (one.mean - one.deviation, one.mean + one.deviation)) for one in shown),
        caption=(
            f"How much worse {explanation.metric} becomes when a column is shuffled, on {explanation.rows:,} rows, "
            f"{explanation.repeats:,} times; the lines are one standard deviation.{rest}"
        ),
    )
