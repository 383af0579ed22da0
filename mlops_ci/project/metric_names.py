"""The metrics that are computed from predictions: what they take, and the tasks they fit.

The computations are in :mod:`mlops_ci.metrics`; what is asked of a call is said here too, so that a configuration can
be checked where numpy is not installed. A test keeps the two equal.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from mlops_ci.project.metric_calls import MetricCall
from mlops_ci.project.project import Task

CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
BINARY: frozenset[Task] = frozenset({"binary"})
MULTICLASS: frozenset[Task] = frozenset({"multiclass"})
REGRESSION: frozenset[Task] = frozenset({"regression"})
RANKING: frozenset[Task] = frozenset({"ranking"})
ANY: frozenset[Task] = frozenset({"binary", "multiclass", "regression", "ranking", "rows"})
NONE: frozenset[Task] = frozenset()

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands between the parentheses; ``fits`` says it to the user.

    A number is above ``low`` and below ``high``, or equal to it if ``closed``.
    """

    called: str
    kind: Literal["number", "whole", "column"]
    fits: str
    low: float = 0.0
    high: float = float("inf")
    closed: bool = False
    optional: bool = False

    def accepts(self, value: float | str) -> bool:
        """Whether that can stand there."""
        if isinstance(value, str) or self.kind == "column":
            return isinstance(value, str) and self.kind == "column"
        if self.kind == "whole":
            return value.is_integer() and 1 <= value <= _MOST
        return self.low < value < self.high or (self.closed and value == self.high)


@dataclass(frozen=True, slots=True)
class Signature:
    """How a metric may be called.

    ``tasks`` are those it fits without a class or an average, ``of_class`` those where ``[class]`` may follow, and
    ``averaged`` those where one of ``averages`` may be the last argument. ``versus`` has no value for one model alone.
    """

    tasks: frozenset[Task]
    arguments: tuple[Argument, ...] = ()
    of_class: frozenset[Task] = NONE
    averages: tuple[str, ...] = ()
    averaged: frozenset[Task] = NONE
    versus: bool = False


_BETA = Argument("beta", "number", "a number above 0")
_PRECISION = Argument("precision", "number", "a number above 0 and at most 1", high=1.0, closed=True)
_QUANTILE = Argument("quantile", "number", "a number above 0 and below 1", high=1.0)
_BINS = Argument("bins", "whole", "a whole number from 1", optional=True)
_DEPTH = Argument("k", "whole", "a whole number from 1", optional=True)
_COLUMN = Argument("column", "column", "the name of a column")


def _by_class(*arguments: Argument) -> Signature:
    return Signature(BINARY, arguments, CLASSIFICATION, ("macro", "micro", "weighted"), CLASSIFICATION)


_AREA = Signature(BINARY, (), CLASSIFICATION, ("macro", "weighted"), MULTICLASS)

SIGNATURES: dict[str, Signature] = {
    "accuracy": Signature(CLASSIFICATION),
    "balanced_accuracy": Signature(CLASSIFICATION),
    "precision": _by_class(),
    "recall": _by_class(),
    "f1": _by_class(),
    "f_beta": _by_class(_BETA),
    "mcc": Signature(CLASSIFICATION),
    "roc_auc": _AREA,
    "pr_auc": _AREA,
    "recall_at_precision": Signature(BINARY, (_PRECISION,), CLASSIFICATION),
    "log_loss": Signature(CLASSIFICATION),
    "brier": Signature(CLASSIFICATION),
    "calibration_error": Signature(CLASSIFICATION, (_BINS,)),
    "rmse": Signature(REGRESSION),
    "mae": Signature(REGRESSION),
    "r2": Signature(REGRESSION),
    "mape": Signature(REGRESSION),
    "smape": Signature(REGRESSION),
    "pinball": Signature(REGRESSION, (_QUANTILE,)),
    "poisson_deviance": Signature(REGRESSION),
    "gamma_deviance": Signature(REGRESSION),
    "ndcg": Signature(RANKING, (_DEPTH,)),
    "map": Signature(RANKING, (_DEPTH,)),
    "mean": Signature(ANY, (_COLUMN,)),
    "median": Signature(ANY, (_COLUMN,)),
    "quantile": Signature(ANY, (_COLUMN, _QUANTILE)),
    "win_rate": Signature(ANY, (_COLUMN,), versus=True),
}
"""How each metric may be called, by name."""

BUILT_IN: dict[str, frozenset[Task]] = {name: s.tasks | s.of_class | s.averaged for name, s in SIGNATURES.items()}
"""The tasks that each metric fits in one way or another; :func:`tasks_of` knows a call's."""


def call_problem(call: MetricCall) -> tuple[str, str] | None:
    """What is wrong with the arguments of a built-in metric, and what to do; None if nothing is."""
    signature = SIGNATURES[call.name]
    usage = f"write {_usage(call.name)}"
    rest = list(call.arguments)
    for argument in signature.arguments:
        if not rest or (argument.optional and isinstance(rest[0], str)):
            if argument.optional:
                continue
            return f"{call.text} lacks its {argument.called}, {argument.fits}", usage
        if not argument.accepts(rest[0]):
            return f"the {argument.called} of {call.text} must be {argument.fits}", usage
        rest.pop(0)
    averaged = bool(rest) and rest[0] in signature.averages
    extra = rest[averaged:]
    if extra:
        word = MetricCall("", (extra[0],)).text[1:-1]
        close = difflib.get_close_matches(word, signature.averages, n=1) if not averaged else []
        return f"{word} is no argument of {call.name}", f"did you mean {close[0]!r}?" if close else usage
    if call.of is not None and not signature.of_class:
        return f"{call.name} is not defined for a single class", usage
    if call.of is not None and averaged:
        return f"{call.text} is asked for both an average and a class", "name one of them"
    return None


def tasks_of(call: MetricCall) -> frozenset[Task]:
    """The tasks that a call of a built-in metric fits; its arguments are right."""
    signature = SIGNATURES[call.name]
    if call.of is not None:
        return signature.of_class
    if call.arguments and call.arguments[-1] in signature.averages:
        return signature.averaged
    return signature.tasks


def task_problem(call: MetricCall, task: Task) -> tuple[str, str] | None:
    """Why a call does not fit a task, and what would; None if it does."""
    if task in tasks_of(call):
        return None
    signature = SIGNATURES[call.name]
    given = tuple(item for item in call.arguments if item not in signature.averages)
    ways = [MetricCall(call.name, given)] if task in signature.tasks else []
    if task in signature.averaged:
        ways += [MetricCall(call.name, (*given, average)) for average in signature.averages]
    if task in signature.of_class:
        ways.append(MetricCall(call.name, given, call.of or "class"))
    if ways:
        return f"{call.text} does not fit a {task} task", f"write {_or([way.text for way in ways])}"
    fitting = [name for name, tasks in BUILT_IN.items() if task in tasks]
    return f"{call.text} does not fit a {task} task", f"use one of: {', '.join(fitting)}"


def _usage(name: str) -> str:
    """The ways to call a metric, for a person."""
    signature = SIGNATURES[name]
    inside = ", ".join(argument.called for argument in signature.arguments)
    plain = f"{name}({inside})" if inside else name
    ways = [plain]
    if any(argument.optional for argument in signature.arguments):
        ways.insert(0, name)
    if signature.averages:
        ways.append(f"{name}({inside + ', ' if inside else ''}{signature.averages[0]})")
    if signature.of_class:
        ways.append(f"{plain}[class]")
    return _or(ways)


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
