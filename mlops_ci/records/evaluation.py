"""Predictions on an evaluation set."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.files import FileRecord


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's predictions on one evaluation set, and the numbers of its metrics file.

    ``set`` is the identity of the evaluation set: the digest of its (id, target) pairs, or of the targets
    in row order where there are no ids. A project that reports numbers only has neither predictions nor set.
    ``attempt`` names the folder of the stored predictions once they are in the registry. ``seeds`` has the values of
    each metric over several trainings, the first one being that of the model itself; null where it has no value.
    """

    set: str | None = None
    rows: int | None = None
    predictions: FileRecord | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    attempt: str | None = None
    seeds: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
