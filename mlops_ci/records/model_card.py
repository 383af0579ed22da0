"""What the people behind a model say of it themselves."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.files import FileRecord


@dataclass(frozen=True, slots=True)
class CardText:
    """``model.purpose`` and ``model.card`` as they were at a version's commit.

    ``file`` is the text, stored under ``attempt`` in the model's folder; null where there is none.
    """

    purpose: str | None = None
    file: FileRecord | None = None
    attempt: str | None = None
