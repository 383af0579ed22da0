"""What the cache remembers of a step."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.files import FileRecord


@dataclass(frozen=True, slots=True)
class StepResult:
    """The outputs of a step whose inputs had this ``fingerprint``, and what it cost."""

    fingerprint: str
    outputs: tuple[FileRecord, ...]
    seconds: float
    cpu_seconds: float
    peak_memory: int
    run: str


@dataclass(frozen=True, slots=True)
class StepInputs:
    """Everything that enters a step's fingerprint, by name, so that a change can be explained.

    ``files`` maps paths and ``datasets`` names to digests; ``params`` maps dotted keys to values as JSON, and
    ``params_file`` is where the step finds them.
    """

    command: str
    outputs: tuple[str, ...]
    files: dict[str, str]
    datasets: dict[str, str]
    params_file: str | None
    params: dict[str, str]
    environment: str
    python: str
    platform: str


@dataclass(frozen=True, slots=True)
class LastResult:
    """A hint: what the newest successful execution of a step saw, to tell why it runs again.

    ``seed`` is its ``MLOPS_CI_SEED``, if it was told one.
    """

    inputs: StepInputs
    seconds: float
    seed: int | None = None
