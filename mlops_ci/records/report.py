"""What a journey came to: the one set of values that every report renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.difference import Difference
from mlops_ci.records.host import Event
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.records.report_details import ReportDetails
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import Verdict

CiOutcome = Literal["promoted", "passed", "refused", "inconclusive", "unchanged", "superseded"]


@dataclass(frozen=True, slots=True)
class Point:
    """A metric of one model, and ``met`` that of the champion in place when it came, null where that has none.

    ``champion``: it became the champion at some time.
    """

    label: str
    value: float
    champion: bool = False
    met: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """How a metric went on from version to version, oldest first.

    ``before`` is the value of the champion that was in place when the first of them came; ``label`` is what people call
    the metric, where that is known.
    """

    metric: str
    points: tuple[Point, ...]
    before: float | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A journey's outcome. ``version`` is the candidate's, once registered; ``champion`` the one in place now.

    ``notes`` are further things that a reviewer should know; ``url`` shows the job's run; ``merge`` is the commit that
    was checked out, where that is the test merge of the author's; ``stages`` are those that a merged model has behind
    it, such as ``registered v13``; ``conversion`` is what came of converting the model to ONNX; ``histories`` are those
    of further metrics; ``details`` what charts are drawn from; ``explanation`` says which inputs matter to the model;
    ``changes`` is what differs from the version compared with, but for metrics, which the verdict has; ``host`` is who
    ran the job, ``local`` if nobody's CI did.
    """

    format: int
    model: str
    outcome: CiOutcome
    event: Event
    run: str
    commit: Commit
    dirty: bool
    version: int | None
    champion: int | None
    summary: str
    verdict: Verdict | None
    steps: tuple[StepRun, ...]
    seconds: float
    metrics: dict[str, float | None]
    changes: Difference | None = None
    notes: tuple[str, ...] = ()
    url: str | None = None
    merge: str | None = None
    history: History | None = None
    stages: tuple[str, ...] = ()
    conversion: Conversion | None = None
    histories: tuple[History, ...] = ()
    details: ReportDetails | None = None
    explanation: ModelExplanation | None = None
    host: str | None = None


REPORT_FORMAT = 1
