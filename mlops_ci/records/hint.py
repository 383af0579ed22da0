"""The newest state of a model's log in short: a hint that any writer can rebuild."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.model_version import ModelVersion

HINT_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The entries ``first`` to ``last`` of a log in one object with this digest."""

    first: int
    last: int
    digest: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a reader needs to know to read little.

    ``head`` is the newest entry when it was written, and ``head_digest`` its digest; the log may have grown since, but
    never shrinks. ``checkpoints`` cover the entries from the first without a gap; ``aliases`` are the versions that
    aliases point to. ``checksum`` is the digest of all the rest: what it does not fit is not believed.
    """

    format: int
    model: str
    head: int
    head_digest: str
    checkpoints: tuple[Checkpoint, ...] = ()
    aliases: dict[str, ModelVersion] = field(default_factory=dict)
    checksum: str = ""
