"""Explains a verdict: of a version, of a run, or of two files. Only reads, and spends no look."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.tables import read_table
from mlops_ci.errors import UsageError
from mlops_ci.gate.changed_rows import changed_rows
from mlops_ci.gate.custom import CustomResult
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.explaining import explain_rules
from mlops_ci.gate.judge import BASELINE, judge, rules_digest
from mlops_ci.gate.reading.evidence_file import read_evidence
from mlops_ci.lifecycle.evidence import predictions_format, recorded_evidence, require_recorded_columns
from mlops_ci.lifecycle.file_gate import FileGate, read_sides
from mlops_ci.lifecycle.history import read_run
from mlops_ci.lifecycle.past_evidence import PastEvidence
from mlops_ci.pipeline.cache import DamagedCacheError, StepCache
from mlops_ci.project.project import EvaluationChoice, GateChoice, Project, reveals_gains_only
from mlops_ci.records.explanation import ChangedRows, Explanation
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Side, Verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.past import Moment, moments
from mlops_ci.registry.references import require_known, resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import PULL_REQUESTS
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store

_ADVISORY = "judged just now, without the budget of looks and without putting it on record"


def explain_files(files: FileGate, columns: tuple[str, ...]) -> Explanation:
    """Judge two files, and explain it.

    Raises:
        UsageError: a rule or a file is not right.
    """
    identity = files.id_column or _usual_id(files.candidate)
    wanted = (*((identity,) if identity else ()), *columns)
    gate, candidate, reference = read_sides(files, columns=wanted)
    references = {BASELINE: reference}
    verdict = judge(gate, Side(digest=None, name="candidate"), candidate, references)
    return _explained(verdict, gate, candidate, references, identity, columns, recorded=False, notes=())


def explain_version(project: Project, log: ModelLog, selector: str | None, columns: tuple[str, ...]) -> Explanation:
    """Explain the verdict that decided on a version; without a selector, on the newest that was judged.

    Raises:
        UsageError: there is no such version, or nothing to explain of it.
    """
    gate, evaluation = _gate_of(project)
    state = require_known(log.read())
    past = moments(log.entries(), gate.baseline)
    version = resolve(state, selector) if selector is not None else _newest_judged(state)
    return _of_version(log.store, state, version, past[version.version], gate, evaluation, columns)


def explain_run(project: Project, folder: Path, log: ModelLog, run: str, columns: tuple[str, ...]) -> Explanation:
    """Explain the verdict of a run, be it on a version or on the model of a pull request.

    Args:
        project: whose rules and columns count.
        folder: where it lies; the place of its cache may be relative to it.
        log: the log of its model.
        run: the run's id.
        columns: further columns to tell of changed rows.

    Raises:
        UsageError: there is no such run, or it judged nothing.
    """
    gate, evaluation = _gate_of(project)
    found, state = read_run(log.store, run), log.read()
    if found.model_name != log.model:
        raise UsageError(f"the run is one of {found.model_name}", where=run, hint="name its project with --project")
    if found.verdict is None:
        version = next((one for one in state.versions.values() if one.run == run), None)
        if version is None:
            raise UsageError("the run has judged no model", where=run, hint="mlops-ci runs show tells what it did")
        moment = moments(log.entries(), gate.baseline)[version.version]
        return _of_version(log.store, state, version, moment, gate, evaluation, columns)
    verdict = found.verdict
    cache_store = open_store(project.cache.url, folder) if project.cache.url else log.store
    cache = StepCache(cache_store, ("", PULL_REQUESTS), log.model)
    candidate, identity = _evidence_of_run(cache, found, gate, evaluation, columns)
    candidate = _uncalled(candidate, evaluation)
    notes = () if candidate.predictions is not None else ("the predictions of this run are not kept any more",)
    aliases = {name: target.version for name, target in state.aliases.items()}
    if verdict.baseline and verdict.baseline.version:
        aliases[gate.baseline] = verdict.baseline.version
    references = PastEvidence(log.store, state, evaluation, gate).references(
        Moment(0, state.head, aliases), verdict.evaluation_set
    )
    return _explained(verdict, gate, candidate, references, identity, columns, recorded=True, notes=notes)


def _uncalled(candidate: Evidence, evaluation: EvaluationChoice) -> Evidence:
    """Evidence that does not mistake a function of the user, which nobody calls here, for a metric of its name."""
    said = CustomResult("functions of the project's own are not called to explain")
    return replace(candidate, custom={**candidate.custom, **{one.function: said for one in evaluation.custom}})


def _of_version(
    store: Store,
    state: ModelState,
    version: ModelVersion,
    moment: Moment,
    gate: GateChoice,
    evaluation: EvaluationChoice,
    columns: tuple[str, ...],
) -> Explanation:
    verdict, notes = moment.verdict, tuple[str, ...]()
    its_set = verdict.evaluation_set if verdict else None
    if its_set is None:
        its_set = next((one.set for one in reversed(version.evaluations) if one.predictions), None)
    found, identity = None, None
    for name in _ids(evaluation):
        wanted = (*((name,) if name else ()), *columns)
        found = recorded_evidence(store, state, version, "candidate", evaluation, gate, its_set, columns=wanted)
        identity = name
        if found.evidence is not None:
            break
    candidate = _uncalled(found.evidence if found and found.evidence else Evidence(), evaluation)
    absent = [name for name in columns if name not in candidate.slices]
    if absent and candidate.predictions is not None:
        require_recorded_columns(store, state, version, its_set, absent)
    if found and found.problem:
        if verdict is None:
            raise UsageError(found.problem, where=state.model)
        notes = (found.problem,)
    references = PastEvidence(store, state, evaluation, gate).references(moment, its_set)
    recorded = verdict is not None
    if verdict is None:
        if reveals_gains_only(gate):
            what = "the budget reveals only gains, and this version was never judged"
            raise UsageError(what, where=f"v{version.version}", hint="mlops-ci gate judges it, and spends a look")
        side = Side(digest=version.digest, version=version.version, commit=version.commit, name="candidate")
        verdict = judge(gate, side, candidate, references)
    verdict = replace(verdict, candidate=replace(verdict.candidate, version=version.version))
    return _explained(verdict, gate, candidate, references, identity, columns, recorded=recorded, notes=notes)


def _explained(
    verdict: Verdict,
    gate: GateChoice,
    candidate: Evidence,
    references: Mapping[str, Reference | None],
    identity: str | None,
    columns: tuple[str, ...],
    *,
    recorded: bool,
    notes: tuple[str, ...],
) -> Explanation:
    if not recorded:
        notes += (_ADVISORY,) if gate.budget else ()
    elif verdict.rules_digest != rules_digest(gate):
        notes += ("the rules have changed since: what is told of each is what was recorded",)
    if reveals_gains_only(gate) or (verdict.spent and verdict.spent.reveal == "gains"):
        candidate, references = Evidence(), {}
        notes += ("only gains are revealed, so that nothing is told of the rows",)
    return Explanation(
        outcome=verdict.outcome,
        summary=verdict.summary,
        recorded=recorded,
        candidate=verdict.candidate,
        baseline=verdict.baseline,
        evaluation_set=verdict.evaluation_set,
        rows=verdict.rows,
        rules=explain_rules(verdict, gate.rules, candidate, references, gate.interval),
        spent=verdict.spent,
        changed=_changed(gate, candidate, references.get(BASELINE), identity, columns),
        notes=notes,
    )


def _changed(
    gate: GateChoice,
    candidate: Evidence,
    baseline: Reference | None,
    identity: str | None,
    columns: tuple[str, ...],
) -> ChangedRows | None:
    theirs = baseline.evidence if baseline else None
    if candidate.predictions is None or theirs is None or theirs.predictions is None:
        return None
    if theirs.evaluation_set != candidate.evaluation_set or theirs.predictions.task != candidate.predictions.task:
        return None
    shown = dict.fromkeys([*(rule.per for rule in gate.flat() if rule.per), *columns])
    slices = {name: candidate.slices[name] for name in shown if name in candidate.slices}
    ids = candidate.slices.get(identity) if identity else None
    return changed_rows(candidate.predictions, theirs.predictions, ids, slices)


def _gate_of(project: Project) -> tuple[GateChoice, EvaluationChoice]:
    if project.gate is None or project.evaluation is None:
        raise UsageError("there are no gate rules", where="mlops.yaml", hint="add the section gate")
    return project.gate, project.evaluation


def _newest_judged(state: ModelState) -> ModelVersion:
    judged = [version for version in state.versions.values() if version.judgements]
    if not judged:
        raise UsageError("no version was judged yet", where=state.model, hint="name one, such as v1")
    return max(judged, key=lambda version: version.judgements[-1].seq)


def _ids(evaluation: EvaluationChoice) -> tuple[str | None, ...]:
    """The column of the ids; where none is named it is the usual one, or there is none."""
    named = evaluation.predictions.id if evaluation.predictions else None
    return (named,) if named else ("id", None)


def _usual_id(file: Path | None) -> str | None:
    return "id" if file and "id" in read_table(file, called=str(file)).columns else None


def _evidence_of_run(
    cache: StepCache, run: Run, gate: GateChoice, evaluation: EvaluationChoice, columns: tuple[str, ...]
) -> tuple[Evidence, str | None]:
    """What a run's evaluation made, from the cache of steps; nothing, if it is not kept any more."""
    record = run.evaluation.predictions if run.evaluation else None
    if record is None:
        return Evidence(), None
    with tempfile.TemporaryDirectory(prefix="mlops-ci-") as scratch:
        target = Path(scratch) / Path(record.path).name
        try:
            cache.fetch(record, "", target)
        except DamagedCacheError:
            return Evidence(), None
        named = evaluation.predictions.id if evaluation.predictions else None
        identity = named or _usual_id(target)
        how = predictions_format(evaluation, gate, (*((identity,) if identity else ()), *columns))
        if how is None:
            return Evidence(), None
        return read_evidence(target, how, called=f"the predictions of run {run.id}"), identity
