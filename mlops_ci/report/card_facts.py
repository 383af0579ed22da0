"""What a model card is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_ci.records.actor import Actor
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Verdict

CONFIDENCE = 0.95
"""Of the bounds of metrics, each for itself; those of rules have that of the gate."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The one-sided bounds of a metric; null where one is not known, for a ``reason``."""

    lower: float | None = None
    upper: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A version, and all that is on record about it.

    ``text`` is what its people say of it; ``actor`` registered it. ``run`` is null for a model trained elsewhere, or
    where the record is no more, which ``notes`` tell. ``decisions`` are aliases that people have moved to it, with
    their reasons; ``params`` have dotted names; ``bounds`` are those of the version's metrics.
    """

    version: ModelVersion
    text: str | None = None
    run: Run | None = None
    verdict: Verdict | None = None
    explanation: ModelExplanation | None = None
    actor: Actor | None = None
    decisions: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
