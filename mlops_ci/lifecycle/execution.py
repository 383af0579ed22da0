"""Runs the pipeline of a session and writes the run's record, whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event

from mlops_ci import __version__
from mlops_ci.edge.clock import timestamp
from mlops_ci.edge.machine import this_machine
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.edge.tables import columns_of, read_table, require_columns
from mlops_ci.errors import Interruption, MlopsError, UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.evidence import candidate_evidence, metric_values, result_paths
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.execute import Workshop
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.run import Conductor, PipelineRun
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.project.project import Project
from mlops_ci.records.codec import encode
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import RUN_FORMAT, Run, RunStatus
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import run_file_key, run_key


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run: its record, and what the gate and the registry need of it."""

    run: Run
    evidence: Evidence
    materials: Materials

    def local(self, file: FileRecord) -> LocalFile:
        """A file of the run with the place of its bytes."""
        return LocalFile(file, lambda: self.materials.path(file))


@contextmanager
def execution(
    session: Session, progress: Progress, *, force: bool = False, only: Collection[str] = ()
) -> Iterator[Trained]:
    """Run the pipeline; within the context the files of the run are on this machine.

    Raises:
        MlopsError: a step failed, or what it wrote cannot be understood; the run's record says so too.
    """
    started = session.clock()
    run_id = f"{started.strftime('%Y%m%dT%H%M%S%f')[:-3]}-{secrets.token_hex(4)}"
    with scratch_folder() as scratch:
        materials = Materials(scratch / "objects", session.cache)
        workshop = Workshop(
            resolver=session.resolver,
            materials=materials,
            environ=session.environ,
            redact=session.redact,
            progress=progress,
            cancelled=Event(),
            folder=scratch / "steps",
        )
        wanted = _wanted(session)
        result = Conductor(workshop, session.cache, run_id, wanted=wanted, only=only, force=force).run()
        recorder = _Recorder(session, run_id, started, result)
        if isinstance(result.interruption, Interruption | KeyboardInterrupt):
            recorder.write("interrupted", "interrupted by a signal")
            raise result.interruption
        if result.interruption:
            recorder.write("failed", f"a bug in mlops-ci: {result.interruption!r}")
            raise result.interruption
        if result.error:
            recorder.write("failed", result.error.line())
            raise result.error
        try:
            run = recorder.record("succeeded", None)
            trained = _examine(session, run, result, materials, scratch, partial=bool(only))
        except MlopsError as error:
            recorder.write("failed", error.line())
            raise
        yield trained


def _kept(project: Project) -> list[str]:
    """The outputs that are kept with the run's record."""
    stored = [output.path for step in project.steps for output in step.outputs if output.store]
    return [*stored, *(result_paths(project.evaluation) if project.evaluation else [])]


def _wanted(session: Session) -> list[str]:
    """The outputs that are read after the run; the model's files only if its version is not there yet."""
    project = session.project
    paths = _kept(project)
    if project.model.inputs:
        paths.append(project.model.inputs.path)
    if session.log().read().with_fingerprint(session.resolver.model_fingerprint()) is None:
        paths += project.model.files
    return paths


def keep_run(session: Session, trained: Trained, run: Run) -> None:
    """Keep a finished run: the files that it is asked to keep, then its record."""
    with session.store.together():
        for file in run.files:
            session.store.upload(run_file_key(run.id, file.path, session.area), trained.materials.path(file))
        _write_run(session, run)


def _write_run(session: Session, run: Run) -> None:
    session.store.create(run_key(run.id, session.area), encode(run))


@dataclass(frozen=True, slots=True)
class _Recorder:
    session: Session
    run_id: str
    started: datetime
    result: PipelineRun

    def write(self, status: RunStatus, error: str) -> None:
        _write_run(self.session, self.record(status, error))

    def record(self, status: RunStatus, error: str | None) -> Run:
        session = self.session
        return Run(
            format=RUN_FORMAT,
            id=self.run_id,
            model_name=session.project.model.name,
            status=status,
            error=session.redact(error) if error else None,
            tool=f"mlops-ci {__version__}",
            started=timestamp(self.started),
            seconds=round((session.clock() - self.started).total_seconds(), 3),
            commit=session.commit,
            dirty=session.dirty,
            host=session.context,
            machine=this_machine(),
            environment=_without_secrets(session),
            steps=tuple(self.result.steps.values()),
            params=dict(session.resolver.params),
            datasets=dict(session.resolver.datasets),
            fingerprint=session.resolver.model_fingerprint(),
            merge=session.merge,
        )


def _without_secrets(session: Session) -> EnvironmentLock:
    """The lock as it may be stored: a requirements file can name an index with its password."""
    lock = session.resolver.environment.lock()
    return replace(lock, text=session.redact(lock.text))


def _examine(
    session: Session, run: Run, result: PipelineRun, materials: Materials, scratch: Path, *, partial: bool
) -> Trained:
    """Read what the steps have written: predictions, numbers, the model's files and signature.

    A ``partial`` run, of some steps only, need not have made the predictions or the model's inputs.
    """
    project = session.project

    def made(path: str) -> list[FileRecord]:
        return [result.outputs[name] for name in outputs_below(sorted(result.outputs), path)]

    model = tuple(dict.fromkeys(file for path in project.model.files for file in made(path)))
    evidence, predictions = Evidence(), None
    chosen = project.evaluation
    if chosen and not (partial and not all(made(path) for path in result_paths(chosen))):
        files = {path: _readable(materials, made(path), scratch) for path in result_paths(chosen) if made(path)}
        evidence = candidate_evidence(chosen, project.gate, files)
        predictions = next(iter(made(chosen.predictions.path)), None) if chosen.predictions else None
    kept = tuple(dict.fromkeys(file for path in _kept(project) for file in made(path)))
    metrics = metric_values(evidence)
    evaluation = None
    if evidence.predictions is not None or evidence.numbers:
        evaluation = Evaluation(
            set=evidence.evaluation_set,
            rows=len(evidence.predictions) if evidence.predictions is not None else None,
            predictions=predictions,
            numbers=dict(evidence.numbers),
        )
    inputs = made(project.model.inputs.path) if project.model.inputs else []
    signature = None if partial else _signature(session, inputs, predictions, materials, scratch)
    run = replace(run, model=model, files=kept, metrics=metrics, evaluation=evaluation, signature=signature)
    return Trained(run, evidence, materials)


def _readable(materials: Materials, files: list[FileRecord], scratch: Path) -> Path:
    """A copy of a file under its own name: readers go by the ending."""
    target = scratch / "read" / files[0].path
    if not target.exists():
        materials.copy(files[0], target)
    return target


def _signature(
    session: Session,
    inputs: list[FileRecord],
    predictions: FileRecord | None,
    materials: Materials,
    scratch: Path,
) -> Signature | None:
    """What the model eats, from ``model.inputs``, and what it answers, from the predictions."""
    project = session.project
    columns: tuple[Column, ...] = ()
    if project.model.inputs:
        declared = project.model.inputs
        if not inputs:
            raise UsageError("no step has made the model's inputs", where=declared.path)
        frame = read_table(_readable(materials, inputs, scratch), called=declared.path)
        require_columns(frame, declared.columns, called=declared.path)
        columns = columns_of(frame, declared.columns or frame.columns)
    answers: tuple[Column, ...] = ()
    if predictions and project.evaluation and project.evaluation.predictions:
        chosen = project.evaluation.predictions
        frame = read_table(_readable(materials, [predictions], scratch), called=predictions.path)
        names = (chosen.prediction or "prediction", chosen.score or "score")
        answers = columns_of(frame, [name for name in frame.columns if name.startswith(names)])
    return Signature(columns, answers) if columns or answers else None
