"""A few real rows of what a model eats, and what it answered: with these an endpoint is tried before it serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlops_ci.records.signature import Column

SAMPLES_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of ``model.inputs`` and, by column, what the evaluation recorded for each of them.

    ``rows`` hold JSON values in the order of ``columns``. ``predictions`` are the answers of the model by their usual
    names, whatever the file calls them: ``prediction``, ``score``, ``score_<class>``, each as long as ``rows``; empty
    where the predictions have other rows than the inputs. ``positive`` is the class that ``score`` is the probability
    of.
    """

    format: int
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    predictions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    positive: Any = None
