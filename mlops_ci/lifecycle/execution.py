"""Runs the pipeline of a session and writes the run's record, whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event

from mlops_ci import __version__
from mlops_ci.edge.clock import timestamp
from mlops_ci.edge.content_facts import content_facts
from mlops_ci.edge.machine import this_machine
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import Interruption, MlopsError
from mlops_ci.lifecycle.conversion import left_by
from mlops_ci.lifecycle.examination import Trained, examine, kept_paths
from mlops_ci.lifecycle.explanations import explanation_left_by
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.datasets import with_profiles
from mlops_ci.pipeline.execute import Workshop
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.run import Conductor, PipelineRun, selected_steps
from mlops_ci.project import explain, onnx
from mlops_ci.project.notebooks import executed_notebook
from mlops_ci.records.codec import encode
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.run import RUN_FORMAT, Run, RunStatus
from mlops_ci.workspace.layout import run_file_key, run_key


@contextmanager
def execution(
    session: Session,
    progress: Progress,
    *,
    force: bool = False,
    only: Collection[str] = (),
    whole: bool = False,
    restored: bool = False,
    judged: bool = True,
) -> Iterator[Trained]:
    """Run the pipeline; within the context the files of the run are on this machine.

    Args:
        session: the session.
        progress: is told of the steps.
        force: ignore the cache.
        only: these steps and what they need.
        whole: have the model's files here though the registry may have them.
        restored: have all outputs here, of the pipeline itself; what the cache has lost of them is made again.
        judged: a gate will look at the run, so that the versions it compares with must have predictions on its rows.

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
        for step in selected_steps(session.project.steps, only):
            session.resolver.environment_of(step).lock()  # what lacks is said before anything has run for hours
        wanted = _wanted(session, whole=whole)
        if restored:
            chosen = selected_steps(session.project.steps, only)
            wanted = list(dict.fromkeys((*wanted, *(output.path for step in chosen for output in step.outputs))))
        results = session.project.evaluation.results if session.project.evaluation else ()
        conductor = Conductor(
            workshop, session.cache, run_id, wanted=wanted, wanted_of_seeds=results, only=only, force=force
        )
        result = conductor.run()
        recorder = _Recorder(session, run_id, started, result, materials)
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
            outputs = result.outputs() | left_by(result.setbacks, session, materials, scratch)
            outputs |= explanation_left_by(result.setbacks, session, materials, scratch)
            seeds = [result.outputs(seed) for seed in result.further_seeds()]
            trained = examine(session, run, outputs, materials, scratch, seeds=seeds, partial=bool(only))
            if judged:
                from mlops_ci.lifecycle.rescoring import rescored

                trained = rescored(session, progress, trained, scratch, force=force)
            if session.project.evaluation and session.project.evaluation.custom:
                from mlops_ci.lifecycle.custom_metrics import measured  # which imports numpy

                trained = measured(session, workshop, trained, scratch, force=force)
        except MlopsError as error:
            recorder.write("failed", error.line())
            raise
        except (Interruption, KeyboardInterrupt):
            recorder.write("interrupted", "interrupted by a signal")
            raise
        yield trained


def _wanted(session: Session, *, whole: bool) -> list[str]:
    """The outputs that are read after the run; the model's files only if its version is not there yet."""
    project = session.project
    paths = [*kept_paths(project), onnx.FOLDER, explain.FOLDER]
    if project.model.inputs:
        paths.append(project.model.inputs.path)
    if whole or session.log().read().with_fingerprint(session.resolver.model_fingerprint()) is None:
        paths += project.model.files
    return paths


def keep_run(session: Session, trained: Trained, run: Run) -> None:
    """Keep a finished run: the files that it is asked to keep, then its record."""
    _keep(session, trained.materials, run)


def _keep(session: Session, materials: Materials, run: Run) -> None:
    with session.store.together():
        for file in run.files:
            session.store.upload(run_file_key(run.id, file.path, session.area), materials.path(file))
        session.store.create(run_key(run.id, session.area), encode(run))


@dataclass(frozen=True, slots=True)
class _Recorder:
    session: Session
    run_id: str
    started: datetime
    result: PipelineRun
    materials: Materials

    def write(self, status: RunStatus, error: str) -> None:
        """Keep the record of a run that has not succeeded, and its notebooks as far as they came."""
        steps = [
            step for step in self.result.steps.values() if not step.seed and step.status not in {"reused", "not run"}
        ]
        notebooks = tuple(file for step in steps for file in step.outputs if file.path == executed_notebook(step.name))
        _keep(self.session, self.materials, replace(self.record(status, error), files=notebooks))

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
            datasets=with_profiles(session.resolver.datasets, session.snapshot, content_facts(session.environ)),
            fingerprint=session.resolver.model_fingerprint(),
            merge=session.merge,
        )


def _without_secrets(session: Session) -> EnvironmentLock:
    """The lock as it may be stored: a requirements file can name an index with its password."""
    lock = session.resolver.environment.lock()
    return replace(lock, text=session.redact(lock.text))
