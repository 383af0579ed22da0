"""Tries an instance with real rows before it serves: its answers must be those that were recorded.

The rows go to ``/score`` in both shapes that callers send, as lists and as objects. A label may differ where the
recorded score agrees: then a threshold of the evaluation's own has made it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_ci.deployment.target import Answer
from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.records.codec import encode
from mlops_ci.records.deployment import SmokeTest
from mlops_ci.records.samples import Samples

SCORE = "/score"
Ask = Callable[[str, str, bytes, Mapping[str, str]], Answer]
"""Sends method, path, content and headers to an instance."""
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """A row, from 0, that was answered otherwise: what was recorded, and what was answered. ``far`` is for numbers."""

    row: int
    column: str
    recorded: Any
    answered: Any
    far: float = 0.0


@dataclass(frozen=True, slots=True)
class _Answered:
    """The answers to all rows; ``classes`` name the columns of ``probabilities``."""

    predictions: list[Any]
    probabilities: list[list[float]] | None
    classes: tuple[str, ...]


def smoke_test(
    ask: Ask, samples: Samples, *, tolerance: float, seconds: float, headers: Mapping[str, str] | None = None
) -> SmokeTest:
    """Send the rows in both shapes and compare. An entry script may well understand only one of them.

    Args:
        ask: reaches the instance.
        samples: the rows, and what was recorded for them.
        tolerance: by how much a number may differ, relative to its size where that is above 1.
        seconds: how long it took to become ready, to be kept.
        headers: further headers, such as a key.

    Raises:
        IntegrityError: a row is answered otherwise than was recorded.
        RemoteError: the instance refuses the rows in both shapes.
    """
    names = [column.name for column in samples.columns]
    shapes: list[list[Any]] = [
        [list(row) for row in samples.rows],
        [dict(zip(names, row, strict=True)) for row in samples.rows],
    ]
    worst, compared = 0.0, 0
    refused: list[RemoteError] = []
    for rows in shapes:
        try:
            document = _sent(ask, rows, headers or {})
        except RemoteError as error:
            refused.append(error)
            continue
        answered = _read(document, len(rows))
        if answered is None:
            continue
        found = list(differences(samples, answered, tolerance))
        if found:
            raise IntegrityError(_said(found[0], len({one.row for one in found}), len(rows)), where=SCORE, hint=_HINT)
        compared = len(rows) if any(samples.predictions.values()) else 0
        worst = max(worst, _worst(samples, answered))
    if len(refused) == len(shapes):
        raise refused[0]
    return SmokeTest(len(samples.rows), compared, 0, worst, seconds)


def differences(samples: Samples, answered: _Answered, tolerance: float) -> Iterator[Difference]:
    """The rows that were answered otherwise, first things first."""
    for row in range(len(samples.rows)):
        scores = list(_scores(samples, answered, row))
        bad = [
            Difference(row, name, old, new, far)
            for name, old, new in scores
            if not (far := distance(old, new)) <= tolerance  # not <=, as the distance may be no number
        ]
        yield from bad
        recorded = samples.predictions.get("prediction")
        if scores or recorded is None or recorded[row] is None:
            continue
        old, new = recorded[row], answered.predictions[row]
        if not answered.classes and _is_number(old) and _is_number(new):
            if not (far := distance(old, new)) <= tolerance:
                yield Difference(row, "prediction", old, new, far)
        elif label(old) != label(new):
            yield Difference(row, "prediction", old, new)


def distance(recorded: float, answered: float) -> float:
    """How far two numbers are from each other, relative to their size where that is above 1."""
    return abs(recorded - answered) / max(1.0, abs(recorded))


def label(value: Any) -> str:
    """A class as text: tables and JSON have 1, 1.0, true and "1" for the same one."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return {"true": "1", "false": "0"}.get(str(value).lower(), str(value))


def _sent(ask: Ask, rows: list[Any], headers: Mapping[str, str]) -> Any:
    answer = ask("POST", SCORE, encode({"data": rows}), {"Content-Type": "application/json", **headers})
    text = answer.body[: 64 << 20].decode("utf-8", errors="replace")
    if answer.status != 200:
        said = " ".join(text[:_QUOTED].split())
        raise RemoteError(f"it answers {answer.status} to the version's own rows: {said}", where=SCORE)
    try:
        document = json.loads(text)
        # An entry script may well have made JSON of its answer itself.
        return json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None


def _read(document: Any, rows: int) -> _Answered | None:
    """The answer of the server, or a list as entry scripts give it; None for anything else of theirs."""
    if isinstance(document, list):
        document = {"predictions": document}
    if not isinstance(document, dict):
        return None
    predictions = next((document[key] for key in ("predictions", "result", "results") if key in document), None)
    if not isinstance(predictions, list) or len(predictions) != rows:
        return None
    chances, classes = document.get("probabilities"), document.get("classes") or ()
    whole = isinstance(chances, list) and len(chances) == rows and all(isinstance(row, list) for row in chances)
    return _Answered(predictions, chances if whole else None, tuple(map(label, classes)))


def _scores(samples: Samples, answered: _Answered, row: int) -> Iterator[tuple[str, float, float]]:
    """Recorded and answered score, by column."""
    if answered.probabilities is None:
        return
    chances = answered.probabilities[row]
    for name, column in samples.predictions.items():
        if name == "score":
            positive = label(samples.positive) if samples.positive is not None else None
            place = answered.classes.index(positive) if positive in answered.classes else len(answered.classes) - 1
            known = len(answered.classes) == 2
        else:
            wanted = label(name.removeprefix("score_"))
            known = name.startswith("score_") and wanted in answered.classes
            place = answered.classes.index(wanted) if known else 0
        if known and _is_number(column[row]) and place < len(chances) and _is_number(chances[place]):
            yield name, column[row], chances[place]


def _worst(samples: Samples, answered: _Answered) -> float:
    found = [distance(old, new) for row in range(len(samples.rows)) for _, old, new in _scores(samples, answered, row)]
    recorded = samples.predictions.get("prediction")
    if not answered.classes and recorded:
        pairs = zip(recorded, answered.predictions, strict=True)
        found += [distance(old, new) for old, new in pairs if _is_number(old) and _is_number(new)]
    return max(found, default=0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(first: Difference, differing: int, rows: int) -> str:
    far = f", {first.far:.2g} apart" if first.far else ""
    return (
        f"{differing} of {rows} rows are answered otherwise than was recorded; row {first.row}, {first.column}: "
        f"{_shown(first.recorded)} was recorded, {_shown(first.answered)} is answered{far}"
    )


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    return " ".join(text[:_QUOTED].split())


_HINT = "the image has another model or other software than the version; make it again, or raise tolerance"
