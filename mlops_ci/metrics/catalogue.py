"""The metrics there are, by the names that rules call them by."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from mlops_ci.metrics import columns, labels, probabilities, ranking, regression, score_curves
from mlops_ci.metrics.calls import Argument, Call, plain
from mlops_ci.metrics.forms import RowMeans
from mlops_ci.metrics.metric import Metric
from mlops_ci.metrics.predictions import Task

Builder = Callable[[Call], Metric]

_CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
_BINARY: frozenset[Task] = frozenset({"binary"})
_MULTICLASS: frozenset[Task] = frozenset({"multiclass"})
_REGRESSION: frozenset[Task] = frozenset({"regression"})
_RANKING: frozenset[Task] = frozenset({"ranking"})
_ANY: frozenset[Task] = frozenset({"binary", "multiclass", "regression", "ranking", "rows"})


def metric_of(name: str, arguments: Sequence[Argument] = (), of: str | None = None) -> Metric | None:
    """The metric of a call such as `f_beta(2, macro)` or `recall[late]`.

    Args:
        name: Such as `f_beta`.
        arguments: Numbers, and names of columns or averages.
        of: The class it is asked for.

    Returns:
        None if there is none of that name.

    Raises:
        ValueError: The arguments are not what the metric takes; the message is a sentence for the user.
    """
    build = _BUILDERS.get(name)
    if build is None:
        return None
    call = Call(name, arguments, of)
    metric = build(call)
    call.end()
    return replace(metric, name=call.text, of=of)


def _plain(
    label: str,
    higher: bool,
    tasks: frozenset[Task],
    needs: Literal["prediction", "score"],
    form: RowMeans,
) -> Builder:
    """A metric without arguments."""

    def build(call: Call) -> Metric:
        call.no_class()
        return Metric(call.name, label, higher, tasks, needs, form)

    return build


def _of(call: Call, label: str, average: str | None) -> tuple[str, frozenset[Task]]:
    """Its label, and the tasks it fits: of many classes one has to say which, or how to average."""
    if average:
        return f"{label}, {average}", _CLASSIFICATION
    return (label, _BINARY) if call.of is None else (f"{label} of {call.of}", _CLASSIFICATION)


def _share(label: str, share: labels.Share) -> Builder:
    def build(call: Call) -> Metric:
        average: Any = call.average("macro", "micro", "weighted")
        form = labels.averaged(share, average) if average else labels.of_class(share, call.of)
        shown, tasks = _of(call, label, average)
        return Metric(call.name, shown, True, tasks, "prediction", form)

    return build


def _f_beta(call: Call) -> Metric:
    beta = call.number("beta", 0.0, float("inf"))
    return _share(f"F{plain(beta)}", labels.f_share(beta))(call)


def _roc_auc(call: Call) -> Metric:
    average: Any = call.average("macro", "weighted")
    shown, tasks = _of(call, "ROC AUC", average)
    if average:
        return Metric(call.name, shown, True, _MULTICLASS, "score", score_curves.averaged_roc_auc(average))
    return Metric(call.name, shown, True, tasks, "score", score_curves.roc_area(call.of))


def _pr_auc(call: Call) -> Metric:
    average: Any = call.average("macro", "weighted")
    shown, tasks = _of(call, "PR AUC", average)
    if average:
        return Metric(call.name, shown, True, _MULTICLASS, "score", score_curves.averaged_pr_auc(average))
    return Metric(call.name, shown, True, tasks, "score", score_curves.pr_auc(call.of))


def _recall_at_precision(call: Call) -> Metric:
    precision = call.number("the precision", 0.0, 1.0, closed=True)
    shown, tasks = _of(call, f"recall at precision {plain(precision)}", None)
    return Metric(call.name, shown, True, tasks, "score", score_curves.recall_at_precision(precision, call.of))


def _calibration_error(call: Call) -> Metric:
    call.no_class()
    bins = call.whole("the number of bins", None)
    label = "calibration error" if bins is None else f"calibration error in {bins} bins"
    return Metric(
        call.name, label, False, _CLASSIFICATION, "score", probabilities.calibration_error(bins or probabilities.BINS)
    )


def _pinball(call: Call) -> Metric:
    call.no_class()
    quantile = call.number("the quantile", 0.0, 1.0)
    form = regression.pinball(quantile)
    return Metric(call.name, f"pinball loss at {plain(quantile)}", False, _REGRESSION, "prediction", form)


def _ranked(label: str, form: Callable[[int | None], RowMeans]) -> Builder:
    def build(call: Call) -> Metric:
        call.no_class()
        depth = call.whole("the depth", None)
        shown = label if depth is None else f"{label}@{depth}"
        return Metric(call.name, shown, True, _RANKING, "score", form(depth))

    return build


def _mean(call: Call) -> Metric:
    call.no_class()
    column = call.column()
    return Metric(call.name, f"mean of {column}", None, _ANY, "columns", columns.mean_of(column), column=column)


def _median(call: Call) -> Metric:
    call.no_class()
    column = call.column()
    form = columns.quantile_of(column, 0.5)
    return Metric(call.name, f"median of {column}", None, _ANY, "columns", form, column=column)


def _quantile(call: Call) -> Metric:
    call.no_class()
    column = call.column()
    quantile = call.number("the quantile", 0.0, 1.0)
    label, form = f"quantile {plain(quantile)} of {column}", columns.quantile_of(column, quantile)
    return Metric(call.name, label, None, _ANY, "columns", form, column=column)


def _win_rate(call: Call) -> Metric:
    call.no_class()
    column = call.column()
    form = columns.win_rate_by(column)
    return Metric(call.name, f"win rate by {column}", None, _ANY, "columns", form, versus=True, column=column)


_BUILDERS: dict[str, Builder] = {
    "accuracy": _plain("accuracy", True, _CLASSIFICATION, "prediction", labels.ACCURACY),
    "balanced_accuracy": _plain("balanced accuracy", True, _CLASSIFICATION, "prediction", labels.BALANCED_ACCURACY),
    "precision": _share("precision", labels.precision_share),
    "recall": _share("recall", labels.recall_share),
    "f1": _share("F1", labels.f_share(1.0)),
    "f_beta": _f_beta,
    "mcc": _plain("MCC", True, _CLASSIFICATION, "prediction", labels.MCC),
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "recall_at_precision": _recall_at_precision,
    "log_loss": _plain("log loss", False, _CLASSIFICATION, "score", probabilities.LOG_LOSS),
    "brier": _plain("Brier score", False, _CLASSIFICATION, "score", probabilities.BRIER),
    "calibration_error": _calibration_error,
    "rmse": _plain("RMSE", False, _REGRESSION, "prediction", regression.RMSE),
    "mae": _plain("MAE", False, _REGRESSION, "prediction", regression.MAE),
    "r2": _plain("R²", True, _REGRESSION, "prediction", regression.R2),
    "mape": _plain("MAPE", False, _REGRESSION, "prediction", regression.MAPE),
    "smape": _plain("symmetric MAPE", False, _REGRESSION, "prediction", regression.SMAPE),
    "pinball": _pinball,
    "poisson_deviance": _plain("Poisson deviance", False, _REGRESSION, "prediction", regression.POISSON_DEVIANCE),
    "gamma_deviance": _plain("Gamma deviance", False, _REGRESSION, "prediction", regression.GAMMA_DEVIANCE),
    "ndcg": _ranked("NDCG", ranking.ndcg),
    "map": _ranked("MAP", ranking.mean_average_precision),
    "mean": _mean,
    "median": _median,
    "quantile": _quantile,
    "win_rate": _win_rate,
}

NAMES: tuple[str, ...] = tuple(_BUILDERS)
"""Every name that rules can call a built-in metric by."""


def _without_arguments() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for name in NAMES:
        try:
            metric = metric_of(name)
        except ValueError:  # it takes some
            continue
        if metric is not None:
            found[name] = metric
    return found


METRICS: dict[str, Metric] = _without_arguments()
"""The metrics that need no arguments, by name: what is recorded of every evaluation that they fit."""
