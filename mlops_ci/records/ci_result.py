"""What ``ci --json`` prints."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.report import CiOutcome
from mlops_ci.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class CiResult:
    """The outcome of ``ci``, for whatever comes after it in a workflow.

    ``run`` is None where the event called for nothing to be run.
    """

    outcome: CiOutcome
    model: str
    version: int | None
    run: str | None
    verdict: Verdict | None
