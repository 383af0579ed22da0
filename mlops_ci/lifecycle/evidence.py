"""Evidence of the candidate and of the versions it is compared with."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.edge.tables import read_table, require_columns
from mlops_ci.errors import UsageError
from mlops_ci.gate.custom import CustomResult, with_values
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.judge import BASELINE
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, read_evidence, read_numbers
from mlops_ci.metrics import METRICS, value, why_not
from mlops_ci.project.project import EvaluationChoice, GateChoice, reveals_gains_only
from mlops_ci.project.rule_columns import named_columns, slice_columns
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.verdict import Side
from mlops_ci.registry.download import fetch_predictions
from mlops_ci.registry.references import resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.store import Store

Measured = Mapping[str, Mapping[str, CustomResult]]
"""What the user's functions say: by the digest of predictions, by the name of the function."""

NOTHING_MEASURED: Measured = {}


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of evaluating a registered version anew: predictions on today's rows, in a file here, or a problem."""

    problem: str | None = None
    evaluation: Evaluation | None = None
    file: Path | None = None
    notes: tuple[str, ...] = ()


AllRescored = Mapping[int, Rescored]
"""Those that had to be, by the number of the version."""

NOTHING_RESCORED: AllRescored = {}


def candidate_evidence(evaluation: EvaluationChoice, gate: GateChoice | None, files: Mapping[str, Path]) -> Evidence:
    """Read the candidate's evidence from the files of a run, given by their paths in the project."""
    numbers: dict[str, float | None] = {}
    if evaluation.metrics:
        if evaluation.metrics not in files:
            raise UsageError("no step has made the metrics file", where=evaluation.metrics)
        numbers = read_numbers(files[evaluation.metrics], called=evaluation.metrics)
    how = predictions_format(evaluation, gate)
    if how is None:
        return Evidence(numbers=numbers)
    path = how.columns.path
    if path not in files:
        raise UsageError("no step has made the predictions", where=path)
    found = read_evidence(files[path], how, called=path)
    return replace(found, numbers=numbers)


def predictions_format(
    evaluation: EvaluationChoice, gate: GateChoice | None, columns: tuple[str, ...] = ()
) -> PredictionsFormat | None:
    """How to read the project's predictions, with further columns as slices; None if it has none."""
    if evaluation.predictions is None or evaluation.task is None:
        return None
    rules = gate.flat() if gate else ()
    slices = tuple(dict.fromkeys((*slice_columns(rules), *columns)))
    return PredictionsFormat(evaluation.predictions, evaluation.task, evaluation.positive, slices, named_columns(rules))


def metric_values(evidence: Evidence) -> dict[str, float | None]:
    """All built-in metrics that the predictions allow, and the plain numbers."""
    found: dict[str, float | None] = dict(evidence.numbers)
    predictions = evidence.predictions
    if predictions is not None:
        for metric in METRICS.values():
            if why_not(metric, predictions) is None:
                result = value(metric, predictions)
                found[metric.name] = None if math.isnan(result) else result
    return found


def shown_metrics(evidence: Evidence, gate: GateChoice | None) -> dict[str, float | None]:
    """The metrics that may be recorded and shown: of a set that reveals only gains, the user's own numbers alone."""
    return dict(evidence.numbers) if reveals_gains_only(gate) else metric_values(evidence)


def references(
    store: Store,
    state: ModelState,
    evaluation: EvaluationChoice,
    gate: GateChoice,
    evaluation_set: str | None,
    measured: Measured,
    rescored: AllRescored = NOTHING_RESCORED,
) -> dict[str, Reference | None]:
    """The evidence of every version that the rules compare with, by the name they use for it."""
    found: dict[str, Reference | None] = {}

    def known_of(version: ModelVersion, name: str) -> Reference:
        again = rescored.get(version.version)
        return recorded_evidence(
            store, state, version, name, evaluation, gate, evaluation_set, measured, rescored=again
        )

    champion = state.alias(gate.baseline)
    found[BASELINE] = known_of(champion, gate.baseline) if champion else None
    for name in sorted({rule.bound.reference or "" for rule in gate.flat()}):
        if name.startswith("@"):
            try:
                version = resolve(state, name[1:])
            except UsageError as error:
                # A named version that is not there is no reason to wave a model through.
                found[name] = Reference(Side(digest=None, name=name), problem=error.what)
            else:
                found[name] = known_of(version, name)
    return found


def require_recorded_columns(
    store: Store, state: ModelState, version: ModelVersion, evaluation_set: str | None, columns: Sequence[str]
) -> None:
    """Check that a version's recorded predictions have these columns, if they are still kept.

    Raises:
        UsageError: some are missing; the message lists what is there.
    """
    recorded = state.evaluation_on(version.version, evaluation_set)
    if recorded is None or recorded.predictions is None:
        return
    with tempfile.TemporaryDirectory(prefix="mlops-ci-") as scratch:
        target = Path(scratch) / Path(recorded.predictions.path).name
        called = f"the predictions of v{version.version}"
        if fetch_predictions(store, state.model, recorded, target) is not None:
            require_columns(read_table(target, called=called), columns, called=called)


def unknown_references(gate: GateChoice, why: str) -> dict[str, Reference | None]:
    """Every version that the rules compare with, where none can be read: such rules cannot be decided."""
    names = {rule.bound.reference for rule in gate.flat() if rule.bound.reference} - {BASELINE}
    found: dict[str, Reference | None] = {name: Reference(Side(digest=None, name=name), problem=why) for name in names}
    return found | {BASELINE: Reference(Side(digest=None, name=gate.baseline), problem=why)}


def recorded_evidence(
    store: Store,
    state: ModelState,
    version: ModelVersion,
    name: str,
    evaluation: EvaluationChoice,
    gate: GateChoice | None,
    evaluation_set: str | None,
    measured: Measured = NOTHING_MEASURED,
    columns: tuple[str, ...] = (),
    rescored: Rescored | None = None,
) -> Reference:
    """What is recorded of a registered version on an evaluation set, or was found by rescoring it.

    Further ``columns`` are read as slices.
    """
    side = Side(digest=version.digest, version=version.version, commit=version.commit, name=name)
    recorded = state.evaluation_on(version.version, evaluation_set)
    how = predictions_format(evaluation, gate, columns)
    here = rescored.file if rescored and recorded is None else None
    recorded = recorded or (rescored.evaluation if rescored else None)
    if recorded is None:
        newest = version.evaluations[-1] if version.evaluations else None
        problem = rescored.problem if rescored else None
        if newest is None:
            return Reference(side, problem=problem or f"{name} v{version.version} was never evaluated")
        # Its plain numbers still stand; its rows cannot be paired, and saying so is the judge's part.
        known = Evidence(evaluation_set=newest.set, numbers=newest.numbers, seeds=newest.seeds)
        return Reference(side, known, problem)
    if how is None or recorded.predictions is None:
        return Reference(side, Evidence(evaluation_set=recorded.set, numbers=recorded.numbers, seeds=recorded.seeds))
    with tempfile.TemporaryDirectory(prefix="mlops-ci-") as scratch:
        target = Path(scratch) / Path(recorded.predictions.path).name
        called = f"the predictions of {name} v{version.version}"
        if here is None and fetch_predictions(store, state.model, recorded, target) is None:
            return Reference(side, problem=f"{called} are not in the workspace")
        try:
            read = read_evidence(here or target, how, called=called, lenient=True)
        except UsageError as error:
            return Reference(side, problem=error.line())
    custom = measured.get(recorded.predictions.digest, {})
    predictions = with_values(read.predictions, custom) if read.predictions is not None else None
    return Reference(
        side, replace(read, predictions=predictions, numbers=recorded.numbers, custom=custom, seeds=recorded.seeds)
    )
