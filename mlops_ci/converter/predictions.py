"""What a form answers for every row, in the order of the rows, for others to judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.converter.conversion import Converted


def write_predictions(file: Path, made: Converted) -> None:
    """Write JSON: ``classes``, and by role ``label`` and ``value`` (one for each row) and ``score`` (one for each class).

    A number that JSON does not have is null.
    """
    classes = next((output.classes for output in made.exported.outputs if output.classes), ())
    found: dict[str, Any] = {"rows": made.difference.rows, "classes": list(classes)}
    for role, answer in made.answers.items():
        if role != "other":
            found[role] = _plain(np.asarray(answer), role)
    file.write_text(json.dumps(found, allow_nan=False) + "\n", "utf-8")


def _plain(answer: Any, role: str) -> Any:
    if role == "label" or answer.shape[1:] == (1,):
        answer = answer.ravel()
    if answer.dtype.kind == "f":
        answer = np.where(np.isfinite(answer), answer.astype(object), None)
    return answer.tolist()
