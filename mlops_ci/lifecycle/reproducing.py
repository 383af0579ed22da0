"""Runs a past run again, as it was, and compares what comes of it with what is on record.

In a worktree at its commit, with its software, and with its data or not at all. Nothing is written to the workspace.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.edge.machine import this_machine
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.lifecycle.evidence import candidate_evidence, predictions_format, shown_metrics
from mlops_ci.lifecycle.history import RUN_ID, read_run
from mlops_ci.lifecycle.past_commit import PastCommit, past_cache, past_commit
from mlops_ci.lifecycle.reproduced_rows import compare_rows
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.run import Conductor, PipelineRun
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.project.graph import dependencies
from mlops_ci.records.digest import short
from mlops_ci.records.files import FileRecord
from mlops_ci.records.reproduction import (
    REPRODUCTION_FORMAT,
    AgainFile,
    AgainMetric,
    AgainRows,
    Reproduction,
    ReproductionOutcome,
)
from mlops_ci.records.run import Run
from mlops_ci.registry.download import fetch, fetch_predictions
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.workspace.layout import PULL_REQUESTS, run_file_key
from mlops_ci.workspace.local import LocalStore

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on record of a run or version. ``run`` is None where its record is no more; ``predictions`` a file here.

    ``datasets`` are digests by name.
    """

    subject: str
    commit: str
    run: Run | None
    files: tuple[FileRecord, ...]
    metrics: Mapping[str, float | None]
    datasets: Mapping[str, str]
    predictions: Path | None


def recorded_of(session: Session, subject: str, scratch: Path) -> Recorded:
    """Look up a version, ``MODEL@…``, or a run.

    Raises:
        UsageError: there is none, or it is of another project, or no commit of it is known.
    """
    if "@" in subject:
        return _version(session, subject, scratch)
    if not RUN_ID.match(subject):
        what = "neither a version nor a run"
        raise UsageError(what, where=repr(subject[:60]), hint="write MODEL@v12, or a run as 'mlops-ci runs list' shows")
    run = read_run(session.store, subject)
    _require_of(session, run.model_name, subject)
    if run.status != "succeeded":
        raise UsageError(f"the run {run.status}: there are no results to compare with", where=subject)
    return _of_run(run, subject, _predictions_of_run(session, run, scratch))


def _version(session: Session, subject: str, scratch: Path) -> Recorded:
    parsed = parse_reference(subject)
    _require_of(session, parsed.model, subject)
    version = resolve(session.log().read(), parsed.selector)
    if version.commit is None:
        raise UsageError("it was trained elsewhere, and no commit is known that could be run", where=subject)
    name = f"{version.model} v{version.version}"
    try:
        run = read_run(session.store, version.run) if version.run else None
    except UsageError:
        run = None
    evaluation = next((one for one in version.evaluations if one.predictions), None)
    file = None
    if evaluation and evaluation.predictions:
        target = scratch / Path(evaluation.predictions.path).name
        file = fetch_predictions(session.store, version.model, evaluation, target)
    if run:
        return replace(_of_run(run, name, file), files=version.files)
    return Recorded(name, version.commit, None, version.files, version.metrics, version.datasets, file)


def _of_run(run: Run, subject: str, predictions: Path | None) -> Recorded:
    datasets = {name: dataset.digest for name, dataset in run.datasets.items()}
    commit = (run.merge or run.commit).sha
    return Recorded(subject, commit, run, run.model, run.metrics, datasets, predictions)


def _predictions_of_run(session: Session, run: Run, scratch: Path) -> Path | None:
    record = run.evaluation.predictions if run.evaluation else None
    if record is None or record not in run.files:
        return None
    target = scratch / Path(record.path).name
    for area in ("", PULL_REQUESTS):
        key = run_file_key(run.id, record.path, area)
        if any(item.key == key for item in session.store.list(key.rpartition("/")[0] + "/")):
            fetch(session.store, key, record, target)
            return target
    return None


def _require_of(session: Session, model: str, subject: str) -> None:
    ours = session.project.model.name
    if model != ours:
        raise UsageError(f"it is of {model}, and the project here makes {ours}", where=subject, hint="see --project")


@dataclass(frozen=True, slots=True)
class Reproducing:
    """One attempt to run something again.

    ``cached`` takes over what the cache knows of its steps, instead of running all of them; ``scratch`` is a folder
    that outlives it.
    """

    session: Session
    recorded: Recorded
    progress: Progress
    scratch: Path
    tolerance: float
    cached: bool = False

    def run(self) -> Reproduction:
        """Run it, and compare. What cannot be run is a result, too."""
        session, recorded, started = self.session, self.recorded, self.session.clock()
        lock = recorded.run.environment if recorded.run else None
        result = Reproduction(
            format=REPRODUCTION_FORMAT,
            subject=recorded.subject,
            commit=recorded.commit,
            run=recorded.run.id if recorded.run else None,
            outcome="impossible",
            tolerance=self.tolerance,
            notes=tuple(map(session.redact, self._notes())),
        )
        try:
            with past_commit(session, recorded.commit, lock, data="then", digests=recorded.datasets) as past:
                changed = tuple(f"{one.name} {one.before or 'none'} → {one.after or 'none'}" for one in past.software)
                if changed:
                    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
                    result = replace(
                        result, notes=(*result.notes, f"other software: {', '.join(changed[:_SHOWN])}{more}")
                    )
                self._require_data(past)
                result = self._compared(past, result)
        except MlopsError as error:
            return replace(result, reason=" ".join(session.redact(error.line()).split()))
        return replace(result, seconds=round((session.clock() - started).total_seconds(), 3))

    def _notes(self) -> Iterator[str]:
        run, here = self.recorded.run, this_machine()
        if run is None:
            yield "its run is not on record, so that its software is what its commit asks for today"
            return
        if run.dirty:
            yield f"it was made from a tree with changes that no commit has: {', '.join(run.dirty.paths[:_SHOWN])}"
        then = run.machine
        if (then.system, then.architecture) != (here.system, here.architecture):
            yield f"another platform: {then.system} {then.architecture} → {here.system} {here.architecture}"

    def _require_data(self, past: PastCommit) -> None:
        """Refuse data that are not those of then: what came of them would say nothing."""
        for name, digest in self.recorded.datasets.items():
            now = past.resolver.datasets.get(name)
            if now is None:
                raise UsageError(f"the dataset {name} is none of its commit", where=self.recorded.subject)
            if now.digest != digest:
                what = f"the dataset {name} is not what it was: {short(digest)} → {short(now.digest)}"
                then = self.recorded.run.datasets[name].source if self.recorded.run else None
                if now.source and now.source.uri:
                    hint = f"its {then.fingerprint} was {then.tag}" if then and then.tag else None
                    raise UsageError(what, where=now.source.uri, hint=hint)
                raise UsageError(what, where=now.path, hint="put the data of then in its place")

    def _compared(self, past: PastCommit, result: Reproduction) -> Reproduction:
        project, cache = past.project, past_cache(self.session)
        if not self.cached:
            cache = StepCache(LocalStore(self.scratch / "cache"), ("",), cache.model)
        materials = Materials(past.scratch / "objects", cache)
        workshop = replace(past.workshop(self.session, self.progress), materials=materials)
        chosen = project.evaluation
        wanted = [*project.model.files, *(chosen.results if chosen else ())]
        done = Conductor(workshop, cache, "reproduction", wanted=wanted).run()
        if done.interruption:
            raise done.interruption
        if done.error:
            raise done.error
        outputs = done.outputs()
        made = {path: outputs[name] for path in wanted for name in outputs_below(outputs, path)}
        files = _files(self.recorded.files, outputs, project.model.files)
        metrics, rows = self._results(past, materials, made)
        result = replace(
            result, files=files, metrics=metrics, predictions=rows, first=self._first(past, done), outcome="different"
        )
        return replace(result, outcome=_outcome(result))

    def _results(
        self, past: PastCommit, materials: Materials, made: Mapping[str, FileRecord]
    ) -> tuple[tuple[AgainMetric, ...], AgainRows | None]:
        chosen, gate = past.project.evaluation, past.project.gate
        if chosen is None:
            return (), None
        here: dict[str, Path] = {}
        for path in chosen.results:
            if path in made:
                here[path] = self.scratch / "again" / path
                materials.copy(made[path], here[path])
        again = shown_metrics(candidate_evidence(chosen, gate, here), gate)
        then = self.recorded.metrics
        own = {metric.function for metric in chosen.custom}  # they say of the predictions what the predictions say
        metrics = tuple(AgainMetric(name, then[name], again.get(name)) for name in sorted({*then} - own))
        how = predictions_format(chosen, gate)
        if how is None or self.recorded.predictions is None or how.columns.path not in here:
            return metrics, None
        return metrics, compare_rows(self.recorded.predictions, here[how.columns.path], how)

    def _first(self, past: PastCommit, done: PipelineRun) -> tuple[str, ...]:
        """The steps that differ while none that they read from does."""
        before = {one.label: set(one.outputs) for one in self.recorded.run.steps} if self.recorded.run else {}
        differ = {one.name for label, one in done.steps.items() if label in before and before[label] != {*one.outputs}}
        needs = dependencies(past.project.steps)
        return tuple(name for name in needs if name in differ and not differ & {*needs[name]})


def _files(
    recorded: tuple[FileRecord, ...], outputs: Mapping[str, FileRecord], declared: tuple[str, ...]
) -> tuple[AgainFile, ...]:
    then = {file.path: file.digest for file in recorded}
    now = {name: outputs[name].digest for path in declared for name in outputs_below(outputs, path)}
    return tuple(AgainFile(path, then.get(path), now.get(path)) for path in sorted({*then, *now}))


def _outcome(result: Reproduction) -> ReproductionOutcome:
    rows, tolerance = result.predictions, result.tolerance
    same_files = all(file.recorded == file.again for file in result.files)
    apart = max((_apart(metric) for metric in result.metrics), default=0.0)
    same_rows = rows is None or rows.rows == rows.again == rows.equal
    if same_files and same_rows and apart == 0:
        return "identical"
    if rows is None and not result.metrics:
        return "different"  # there is nothing but bytes to compare
    close = rows is None or (rows.rows == rows.again and not rows.mismatches and (rows.difference or 0.0) <= tolerance)
    paired = rows is None or rows.difference is not None
    return "equal" if close and paired and apart <= tolerance else "different"


def _apart(metric: AgainMetric) -> float:
    if metric.recorded is None or metric.again is None:
        return 0.0 if metric.recorded == metric.again else math.inf
    return abs(metric.recorded - metric.again) / max(1.0, abs(metric.recorded))


def require_reproduced(result: Reproduction) -> None:
    """Raise for what could not be run.

    Raises:
        RemoteError: it could not.
    """
    if result.outcome == "impossible":
        raise RemoteError(f"{result.subject} cannot be reproduced", where=result.commit[:7], hint=result.reason)
