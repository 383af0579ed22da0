"""A model version, as the registry tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.digest import digest_of_tree
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.image import Image
from mlops_ci.records.model_card import CardText
from mlops_ci.records.model_explanation import KeptExplanation
from mlops_ci.records.signature import Signature
from mlops_ci.records.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict in short, and the log entry (``seq``) that holds it whole."""

    seq: int
    outcome: Outcome
    summary: str
    evaluation_set: str | None
    rules_digest: str
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Overridden:
    """A verdict, by its entry, that somebody has overridden for an alias, and the log entry (``seq``) that says so."""

    seq: int
    verdict: int
    alias: str
    by: str
    time: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model: a view computed from the model's log, never stored on its own.

    ``commit`` is null for a model trained elsewhere whose commit nobody stated; ``links`` are further
    commits that produce the very same model; ``attempt`` names the folder of its objects; ``entry`` is the number of
    the log entry that registered it; ``protections`` are the deployments that serve it or can go back to it;
    ``serving`` are those that clients reach; ``overrides`` are the verdicts that somebody has overridden.
    """

    model: str
    version: int
    commit: str | None
    fingerprint: str
    digest: str
    created: str
    attempt: str
    files: tuple[FileRecord, ...]
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    data_time: str | None = None
    environment: str | None = None
    run: str | None = None
    source: Commit | None = None
    signature: Signature | None = None
    links: tuple[str, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    protections: tuple[str, ...] = ()
    entry: int = 0
    samples: FileRecord | None = None
    conversion: Conversion | None = None
    images: tuple[Image, ...] = ()
    serving: tuple[str, ...] = ()
    explanation: KeptExplanation | None = None
    card: CardText | None = None
    overrides: tuple[Overridden, ...] = ()


def model_digest(files: tuple[FileRecord, ...]) -> str:
    """The digest of a model: of the paths and contents of its files."""
    return digest_of_tree((file.path, file.digest) for file in files)
