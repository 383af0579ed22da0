"""Reads Parquet files of predictions that are too long to be held, a part at a time: two passes, a few sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlops_ci.edge.tables import require_columns, rows_in, scan_table
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.reading.evidence_file import PredictionsFormat
from mlops_ci.gate.reading.evidence_values import floats, labels, of_rows, some
from mlops_ci.gate.streamed import ORDER, StreamedResult
from mlops_ci.metrics import Metric, Predictions, RowMeans

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 5_000_000
"""Files with more rows are streamed."""

_PART = 1_000_000
_TRIED = 1000
_HINT = "judge a sample of the rows, or these rules by metrics that are means over rows"
_FloatArray = npt.NDArray[np.float64]


def is_long(file: Path) -> bool:
    """Whether a file is one that is streamed."""
    return file.suffix.lower() == ".parquet" and file.is_file() and rows_in(file, called=str(file)) > MOST_ROWS


def target_values(file: Path, column: str) -> set[str]:
    """The labels of a target, without holding its rows."""
    frame = scan_table(file, called=str(file))
    require_columns(frame.head(0).collect(), [column], called=str(file))
    return set(labels(frame.select(column).unique().collect(engine="streaming")[column]).to_list())


def stream_evidence(
    files: Sequence[Path], how: PredictionsFormat, metrics: Mapping[str, Metric]
) -> tuple[Evidence, ...]:
    """What metrics come to on one long file, or on the candidate's and the baseline's, row by row.

    Raises:
        UsageError: a file does not fit the format, a metric needs all rows at once, or the rows are not the same in the
            same order.
    """
    sides = [_Side.of(file, how) for file in files]
    if len({side.rows for side in sides}) > 1:
        ours, theirs = (f"{side.rows:,}" for side in sides)
        what = f"not the same rows: the candidate's file has {ours}, the baseline's {theirs}"
        raise UsageError(what, where=sides[1].called)
    if len({(side.negative, side.how.positive) for side in sides}) > 1:
        ours, theirs = (f"{side.negative!r} and {side.how.positive!r}" for side in sides)
        what = f"not the same targets: {ours} in the candidate's file, {theirs} in the baseline's"
        raise UsageError(what, where=sides[1].called)
    for name, metric in metrics.items():
        _require_means(name, metric)
    sums = {name: [_NOTHING for _ in sides] for name in metrics}
    for number, part in enumerate(_parts(sides)):
        for name, metric in metrics.items():
            for index, predictions in enumerate(part):
                added = _moments(name, metric, predictions, sides[index], check=number == 0).sum(axis=0)
                sums[name][index] = sums[name][index] + added
    rows = sides[0].rows
    found = {name: _Linear.all_of(metric, [total / rows for total in sums[name]]) for name, metric in metrics.items()}
    for part in _parts(sides):
        for name, metric in metrics.items():
            found[name].binary &= _may_be_share(metric, part[0])
            linear = found[name]
            moments = [_moments(name, metric, predictions, side) for predictions, side in zip(part, sides, strict=True)]
            linear.add(moments, same=_same_answers(metric, part[0], part[-1]))
    return tuple(
        Evidence(custom={name: linear.result(index, rows) for name, linear in found.items()})
        for index in range(len(sides))
    )


_NOTHING: _FloatArray = np.zeros(1)


def _require_means(name: str, metric: Metric) -> None:
    if not isinstance(metric.form, RowMeans) or metric.form.per_group:
        raise UsageError(f"{name} needs all rows at once, and the file has too many", where="--rule", hint=_HINT)


def _moments(name: str, metric: Metric, predictions: Predictions, side: _Side, *, check: bool = False) -> _FloatArray:
    form = metric.form
    if not isinstance(form, RowMeans):
        raise AssertionError("checked before")
    try:
        with np.errstate(all="ignore"):
            moments = form.counted(predictions)
            if check and len(predictions) > _TRIED:
                alone = form.counted(predictions.take(np.arange(_TRIED)))
                if not np.array_equal(alone, moments[:_TRIED], equal_nan=True):
                    what = f"{name} needs all rows at once, and the file has too many"
                    raise UsageError(what, where="--rule", hint=_HINT)
    except ValueError as error:
        raise UsageError(f"{name}: {error}", where=side.called) from error
    return moments


def _may_be_share(metric: Metric, predictions: Predictions) -> bool:
    """Whether values of nothing but 0 and 1 are rights and wrongs, or marks; an error that happens to be 1 is none."""
    return metric.column is not None or (
        isinstance(metric.form, RowMeans) and metric.form.range_of(predictions) == (0.0, 1.0)
    )


def _same_answers(metric: Metric, ours: Predictions, theirs: Predictions) -> bool:
    """Whether two models say the same of these rows; labels that agree are not enough where scores do not."""
    if metric.column is not None:
        return np.array_equal(ours.columns[metric.column], theirs.columns[metric.column])
    if ours.task == "binary" and (ours.score is None or theirs.score is None):
        return False
    answers = [(ours.prediction, theirs.prediction), (ours.score, theirs.score)]
    return all(mine is None or other is None or np.array_equal(mine, other) for mine, other in answers)


@dataclass(eq=False, slots=True)
class _Linear:
    """A metric of one or two files as a sum of what each row adds, and the joint powers of that."""

    values: list[float]
    gradients: list[_FloatArray]
    centres: list[float]
    joint: _FloatArray
    right: list[int]
    binary: bool = True
    same: bool = True

    @classmethod
    def all_of(cls, metric: Metric, means: list[_FloatArray]) -> _Linear:
        form = metric.form
        if not isinstance(form, RowMeans):
            raise AssertionError("checked before")
        with np.errstate(all="ignore"):
            values = [float(form.combine(mean)) for mean in means]
            gradients = []
            for mean in means:
                steps = np.diag(np.maximum(1e-6 * np.abs(mean), 1e-9))
                width = 2.0 * np.diag(steps)
                gradients.append((form.combine(mean + steps) - form.combine(mean - steps)) / width)
        centres = [float(gradient @ mean) for gradient, mean in zip(gradients, means, strict=True)]
        # Right and wrong rows can be counted where the metric is their share; the root of a share, as in RMSE, is none.
        plain = all(len(mean) == 1 for mean in means) and float(form.combine(np.array([0.25]))) == 0.25
        return cls(values, gradients, centres, np.zeros((ORDER + 1, ORDER + 1)), [0, 0, 0], plain)

    @np.errstate(all="ignore")
    def add(self, moments: list[_FloatArray], *, same: bool) -> None:
        """Take the rows of a part in, and whether the two models say the same of them."""
        self.same = self.same and same
        if self.binary:
            plain = [one[:, 0] for one in moments]
            self.binary = all(bool(((one == 0.0) | (one == 1.0)).all()) for one in plain)
            mine, other = plain[0] == 1.0, plain[-1] == 1.0
            for place, flags in enumerate((mine, mine & ~other, other & ~mine)):
                self.right[place] += int(flags.sum())
        adds = [one @ g - c for one, g, c in zip(moments, self.gradients, self.centres, strict=True)]
        ours, theirs = adds[0], adds[1] if len(adds) > 1 else np.zeros(len(adds[0]))
        # By their difference: nothing is left of two models that are the same, and close ones keep their digits.
        powers = [np.ones(len(ours)), ours - theirs]
        others = [powers[0], theirs]
        for _ in range(2, ORDER + 1):
            powers.append(powers[-1] * powers[1])
            others.append(others[-1] * theirs)
        for p in range(ORDER + 1):
            for q in range(ORDER + 1 - p):
                self.joint[p, q] += float(powers[p] @ others[q])

    def result(self, index: int, rows: int) -> StreamedResult:
        """What is left of one side."""
        if not np.isfinite(self.values[index]):
            return StreamedResult(self.values[index], rows, self.joint, problem="it has no value: NaN among the values")
        counts = (self.right[0], self.right[1], self.right[2]) if self.binary and index == 0 else None
        return StreamedResult(self.values[index], rows, self.joint / rows, counts, same=self.same)


@dataclass(frozen=True, slots=True)
class _Side:
    """One file, and which of its columns are read."""

    frame: pl.LazyFrame
    rows: int
    how: PredictionsFormat
    identity: str | None
    negative: str
    called: str

    @classmethod
    def of(cls, file: Path, how: PredictionsFormat) -> _Side:
        called = str(file)
        frame = scan_table(file, called=called)
        names = frame.collect_schema().names()
        columns = how.columns
        if how.task not in {"binary", "regression", "rows"}:
            what = f"a {how.task} task is not judged on more than {MOST_ROWS:,} rows"
            raise UsageError(what, where=called, hint="judge a sample of the rows")
        for role, named in (("weight", columns.weight), ("group", columns.group)):
            if named or role in names:
                what = f"with a {role} column, more than {MOST_ROWS:,} rows cannot be judged"
                raise UsageError(what, where=called, hint=f"judge a sample of the rows, or a file without {role}")
        identity = columns.id or ("id" if "id" in names else None)
        if how.task == "rows" and identity is None:
            raise UsageError("there is no id column", where=called, hint="name it with --id")
        prediction = columns.prediction or ("prediction" if "prediction" in names else None)
        score = columns.score or ("score" if "score" in names else None)
        resolved = replace(columns, prediction=prediction, score=score if how.task == "binary" else None)
        wanted = [identity, *how.named]
        if how.task != "rows":
            wanted += [columns.target, prediction, resolved.score]
        chosen = list(dict.fromkeys(name for name in wanted if name))
        require_columns(frame.head(0).collect(), chosen, called=called)
        positive, negative = _classes(file, how) if how.task == "binary" else (how.positive, "")
        known = replace(how, columns=resolved, positive=positive)
        return cls(frame.select(chosen), rows_in(file, called=called), known, identity, negative, called)

    def part(self, start: int) -> pl.DataFrame:
        return self.frame.slice(start, _PART).collect()

    def predictions(self, frame: pl.DataFrame) -> Predictions:
        columns, task = self.how.columns, self.how.task
        named = {name: floats(frame[name], self.called) for name in self.how.named}
        if task == "rows":
            return Predictions("rows", np.zeros(frame.height), None, None, (), columns=named)
        for name in (columns.target, columns.prediction):
            if name and frame[name].null_count():
                missing = of_rows(frame[name].null_count(), self.rows)
                raise UsageError(f"the column {name!r} has missing values, at least {missing}", where=self.called)
        answer = frame[columns.prediction] if columns.prediction else None
        if task == "regression":
            if answer is None:
                raise UsageError("there is no prediction column", where=self.called, hint="name it with --prediction")
            target = floats(frame[columns.target], self.called)
            return Predictions("regression", target, floats(answer, self.called), None, (), columns=named)
        truth = (labels(frame[columns.target]) == self.how.positive).to_numpy()
        score = floats(frame[columns.score], self.called) if columns.score else None
        classes = (self.negative, str(self.how.positive))
        predicted = None
        if answer is not None:
            texts = labels(answer)
            strange = set(texts.unique().to_list()) - {*classes}
            if strange:
                raise UsageError(f"predictions are not labels of the target: {some(strange)}", where=self.called)
            predicted = (texts == classes[1]).to_numpy()
        found = Predictions("binary", truth, predicted, score, classes, columns=named)
        if score is not None and ((score < 0) | (score > 1)).any():
            return found
        return found.with_prediction()


def _classes(file: Path, how: PredictionsFormat) -> tuple[str, str]:
    known = target_values(file, how.columns.target)
    usual = "true" if known <= {"true", "false"} else "1" if known <= {"0", "1"} else None
    given = str(how.positive).lower() if isinstance(how.positive, bool) else how.positive
    positive = str(given) if given is not None else usual
    if positive is None or positive not in known or len(known) > 2:
        hint = "a binary target has two values; name one as --positive"
        raise UsageError(f"which value of the target is positive? Its values are {some(sorted(known))}",
                         where=str(file), hint=hint)  # fmt: skip
    return positive, next((label for label in sorted(known) if label != positive), f"not {positive}")


def _parts(sides: list[_Side]) -> Iterator[list[Predictions]]:
    """The rows of all files, a part at a time, that are the same in each."""
    for start in range(0, sides[0].rows, _PART):
        frames = [side.part(start) for side in sides]
        found = [side.predictions(frame) for side, frame in zip(sides, frames, strict=True)]
        for side, frame, predictions in zip(sides[1:], frames[1:], found[1:], strict=True):
            _require_same(sides[0], side, frames[0], frame, start)
            other = np.flatnonzero(found[0].target != predictions.target)
            if len(other):
                raise UsageError(f"row {start + int(other[0]) + 1:,} has another target in the two files",
                                 where=side.called)  # fmt: skip
        yield found


def _require_same(one: _Side, other: _Side, mine: pl.DataFrame, theirs: pl.DataFrame, start: int) -> None:
    if (one.identity is None) != (other.identity is None):
        raise UsageError("one of the two files has ids, the other has none", where=other.called)
    if one.identity is None or other.identity is None:
        return
    here, there = mine[one.identity].cast(str), theirs[other.identity].cast(str)
    differing = here.ne_missing(there).arg_true()
    if len(differing) or here.null_count():
        first = differing[0] if len(differing) else here.is_null().arg_true()[0]
        raise UsageError(
            f"row {start + first + 1:,} has the id {here[first]!r} in the candidate's file, {there[first]!r} in the "
            "baseline's",
            where=other.called,
            hint=f"files of more than {MOST_ROWS:,} rows must have the same ids in the same order: sort both by id",
        )
