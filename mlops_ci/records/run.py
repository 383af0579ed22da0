"""A run: everything needed to say afterwards what happened, and to do it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.records.commit import Commit, DirtyTree
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.host import HostContext
from mlops_ci.records.machine import Machine
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.signature import Signature
from mlops_ci.records.verdict import Verdict

RunStatus = Literal["succeeded", "failed", "interrupted"]
StepStatus = Literal["ran", "reused", "failed", "interrupted", "not run"]


@dataclass(frozen=True, slots=True)
class StepReads:
    """What a step read: a digest for each input that it declares, names of datasets, and its parameters as JSON.

    The digest of a file ends in ``+x`` if it can be executed; that of a folder is of all files in it. A step that
    declares no inputs reads the folder of the project, ``.``.
    """

    files: dict[str, str] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step of a run. Times are in seconds, ``peak_memory`` in bytes (of its largest process).

    ``log_tail`` holds the last lines of a step that failed or was interrupted, redacted. A step that ran once for each
    seed stands there as often; the outputs of seed 0 are those of the pipeline. Of a step that failed there is at most
    its notebook, as far as it came. ``reads`` is absent where it did not get so far as to read anything.
    """

    name: str
    status: StepStatus
    reasons: tuple[str, ...] = ()
    fingerprint: str | None = None
    outputs: tuple[FileRecord, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    exit_code: int | None = None
    log_tail: tuple[str, ...] = ()
    seed: int | None = None
    reads: StepReads | None = None

    @property
    def label(self) -> str:
        """What it is called, such as ``train (seed 1)``."""
        return variant_name(self.name, self.seed)


def variant_name(step: str, seed: int | None) -> str:
    """What a step is called that runs for a seed."""
    return step if seed is None else f"{step} (seed {seed})"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the pipeline. Times are ISO 8601 in UTC.

    ``files`` are the result files kept with the run; ``model`` the model's files; ``fingerprint`` that of
    the steps upstream of the model; ``commit`` is the author's, and ``merge`` the test merge of a pull request that was
    checked out instead; ``verdict`` is that of a pull request, while that of the default branch is in
    the model's log. ``explanation`` says which inputs matter to the model, where the project asks for that.
    """

    format: int
    id: str
    model_name: str
    status: RunStatus
    error: str | None
    tool: str
    started: str
    seconds: float
    commit: Commit
    dirty: DirtyTree | None
    host: HostContext
    machine: Machine
    environment: EnvironmentLock
    steps: tuple[StepRun, ...]
    params: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, DatasetVersion] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    fingerprint: str | None = None
    model: tuple[FileRecord, ...] = ()
    files: tuple[FileRecord, ...] = ()
    evaluation: Evaluation | None = None
    signature: Signature | None = None
    verdict: Verdict | None = None
    merge: Commit | None = None
    explanation: ModelExplanation | None = None


RUN_FORMAT = 1
