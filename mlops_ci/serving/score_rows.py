"""The forms in which ``/score`` takes rows. Pure.

Without NumPy: a job that reads what was collected needs it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_ci.errors import IntegrityError


class UnknownFormError(Exception):
    """It is none of them."""


def rows_in(document: Any) -> tuple[Any, Any]:
    """The rows of a request, and the names of their columns if it has them.

    Raises:
        UnknownFormError: there are no rows where they could be.
    """
    if isinstance(document, dict) and "Inputs" in document:
        document = document["Inputs"]
    if isinstance(document, list):
        return document, None
    if not isinstance(document, dict) or "data" not in document:
        raise UnknownFormError
    return document["data"], document.get("columns")


def columns_asked(document: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of a request that was answered, as it was kept.

    Args:
        document: its body.
        names: the columns of the signature, in order.

    Raises:
        IntegrityError: no server has answered this.
    """
    try:
        data, given = rows_in(document)
        at = {name: index for index, name in enumerate(names if given is None else given)}
        rows = [row if isinstance(row, dict) else {name: row[index] for name, index in at.items()} for row in data]
        return {name: [row[name] for row in rows] for name in names}
    except (UnknownFormError, KeyError, IndexError, TypeError) as error:
        raise IntegrityError("a collected request has not the columns of its signature") from error


def columns_answered(answer: Any) -> dict[str, list[Any]]:
    """The columns of an answer of ``/score``: the prediction, and where there are probabilities one for each class.

    Raises:
        IntegrityError: no server has answered this.
    """
    try:
        scores = {
            f"score.{name}": [row[index] for row in answer["probabilities"]]
            for index, name in enumerate(answer["classes"] if "probabilities" in answer else ())
        }
        return {"prediction": list(answer["predictions"]), **scores}
    except (KeyError, IndexError, TypeError) as error:
        raise IntegrityError("a collected answer has no predictions") from error
