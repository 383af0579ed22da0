"""Evaluates registered versions anew on today's rows: at their own commit, with their own software and model files.

It is the user's code: it runs where the pipeline runs, as its steps do. What comes of it is left as files, so that
another job can judge by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.gate.reading.evidence_difference import difference
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, read_evidence, read_numbers
from mlops_ci.lifecycle.evidence import predictions_format
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.history import read_run
from mlops_ci.lifecycle.past_commit import PastCommit, past_cache, past_commit
from mlops_ci.lifecycle.rescored import LONGEST, SAID, Said, folder_of, versions_to_rescore, with_rescored
from mlops_ci.lifecycle.rescored_rows import on_rows_of
from mlops_ci.lifecycle.session import Session
from mlops_ci.lifecycle.training_ids import overlap
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.run import Conductor
from mlops_ci.project.graph import makes, upstream
from mlops_ci.project.paths import contains
from mlops_ci.project.project import EvaluationChoice, Project, reveals_gains_only
from mlops_ci.records.codec import encode
from mlops_ci.records.difference import Change
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run, StepRun
from mlops_ci.registry.download import download_version, fetch
from mlops_ci.workspace.layout import run_file_key

_SHOWN = 3


def rescored(session: Session, progress: Progress, trained: Trained, scratch: Path, *, force: bool = False) -> Trained:
    """Evaluate anew what has no predictions on the candidate's rows, and add what came of it to a finished run.

    Nothing of it fails the run: what cannot be rescored is incomparable, for a reason that the verdict gives.
    """
    how = predictions_format(session.project.evaluation, session.project.gate) if session.project.evaluation else None
    own = trained.run.evaluation.predictions if trained.run.evaluation else None
    if how is None or own is None:
        return trained
    files: dict[str, FileRecord] = {}
    for name, version in versions_to_rescore(session, trained):
        ours = scratch / "rescoring" / own.path
        if not ours.exists():
            trained.materials.copy(own, ours)
        one = _Rescoring(session, progress, trained, how, ours, scratch / "rescoring", name, version, force)
        files |= {file.path: file for file in one.files()}
    found = replace(trained, files=(*trained.files, *files.values()))
    return with_rescored(session, found, files, scratch)


@dataclass(frozen=True, slots=True)
class _Rescoring:
    session: Session
    progress: Progress
    trained: Trained
    how: PredictionsFormat
    ours: Path
    scratch: Path
    name: str
    version: ModelVersion
    force: bool

    @property
    def called(self) -> str:
        return f"{self.name} v{self.version.version}"

    def files(self) -> Iterator[FileRecord]:
        """What it leaves: how it ended, and the predictions."""
        digest, folder = self.version.digest, folder_of(self.version)
        try:
            said, predictions = self._rescored()
        except MlopsError as error:
            said, predictions = Said(digest, problem=self._problem(error.line())), None
        except OSError as error:
            said, predictions = Said(digest, problem=self._problem(error.strerror or str(error))), None
        place = self.scratch / SAID
        place.write_bytes(encode(said))
        yield self.trained.materials.take(f"{folder}/{SAID}", place)
        if predictions:
            yield self.trained.materials.take(f"{folder}/{predictions.name}", predictions)

    def _problem(self, why: str) -> str:
        told = " ".join(self.session.redact(why).split())
        return f"{self.called} cannot be rescored on these rows: {told}"[:LONGEST]

    def _rescored(self) -> tuple[Said, Path]:
        version, session = self.version, self.session
        if version.commit is None:
            raise UsageError("it was trained elsewhere, and no commit is known that could be run")
        run = self._run()
        with past_commit(session, version.commit, run.environment if run else None, data="today") as past:
            evaluation, results = _evaluation_of(past.project)
            self._refuse_seen(evaluation, run)
            made = self._made(past, evaluation, results)
            redact = past.redactor(session)
            notes = (
                f"{self.called} was rescored on this evaluation set, at its commit {version.commit[:7]}",
                *(f"rescoring {self.called}: {redact(note)}" for note in _notes(past, run)),
            )
        predictions = self._paired(made[results[0]], results[0])
        metrics = made.get(evaluation.metrics or "")
        numbers = read_numbers(metrics, called=metrics.name) if metrics else {}
        return Said(version.digest, predictions=predictions.name, numbers=numbers, notes=notes), predictions

    def _run(self) -> Run | None:
        """The run that made the version; None if it is not on record any more."""
        try:
            return read_run(self.session.store, self.version.run) if self.version.run else None
        except UsageError:
            return None

    def _refuse_seen(self, evaluation: EvaluationChoice, run: Run | None) -> None:
        """Refuse rows that the version was trained on, as far as its run has said on which."""
        if evaluation.training_ids is None:
            return
        table = next((file for file in run.files if file.path == evaluation.training_ids), None) if run else None
        if run is None or table is None:
            raise UsageError("the ids that it was trained on are not on record", where=evaluation.training_ids)
        file = self._place(table.path)
        fetch(self.session.store, run_file_key(run.id, table.path), table, file)
        if seen := overlap(self.ours, self.how, file, called=table.path):
            raise UsageError(f"it was trained on {seen} of this evaluation set", where=table.path)

    def _made(self, past: PastCommit, evaluation: EvaluationChoice, results: tuple[str, ...]) -> dict[str, Path]:
        """Run what evaluates the model, and return the files in which it leaves its results."""
        makers = [step.name for step in past.project.steps if any(makes(step, path) for path in results)]
        wanted = [*makers, *([evaluation.step] if evaluation.step and evaluation.step not in makers else [])]
        project = without_training(past.project, self.version, wanted)
        model = download_version(self.session.store, self.version, past.scratch / "model")
        files = dict(zip((file.path for file in self.version.files), model, strict=True))
        past = past.with_files(project, files)
        workshop = past.workshop(self.session, _Named(self.progress, self.called))
        run = self.trained.run.id
        conductor = Conductor(workshop, past_cache(self.session), run, wanted=results, only=wanted, force=self.force)
        result = conductor.run()
        if result.interruption:
            raise result.interruption
        if result.error:
            raise result.error
        outputs = result.outputs()
        for path in results:
            if path not in outputs:
                raise UsageError(f"its steps have not made {path!r}")
            workshop.materials.copy(outputs[path], self._place(path))
        return {path: self._place(path) for path in results}

    def _place(self, path: str) -> Path:
        place = self.scratch / folder_of(self.version) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _paired(self, file: Path, path: str) -> Path:
        """The predictions on the candidate's rows alone, in a file with a plain name."""
        called = f"{path} of {self.called}"
        theirs = on_rows_of(self.ours, file, self.how, self._place("predictions"), called=called)
        if read_evidence(theirs, self.how, called=called, lenient=True).evaluation_set == self._set:
            return theirs
        if reveals_gains_only(self.session.project.gate):
            raise UsageError("its evaluation is about other rows")
        what = difference((self.ours, self.how), (theirs, self.how))
        raise UsageError(f"its evaluation is about other rows: {what}")

    @property
    def _set(self) -> str | None:
        return self.trained.evidence.evaluation_set


@dataclass(frozen=True, slots=True)
class _Named:
    """Tells of steps as of those of a version that is rescored."""

    progress: Progress
    called: str

    def started(self, step: str, reasons: tuple[str, ...]) -> None:
        """A step starts to run."""
        self.progress.started(f"rescoring {self.called} on today's evaluation set: {step}", reasons)

    def line(self, step: str, text: str) -> None:
        """A step printed a line."""
        self.progress.line(f"{self.called}: {step}", text)

    def finished(self, step: StepRun) -> None:
        """A step ended, or was found to be known."""
        self.progress.finished(replace(step, name=f"{self.called}: {step.name}"))


def _evaluation_of(project: Project) -> tuple[EvaluationChoice, tuple[str, ...]]:
    """How a past project evaluates, and where it leaves its results, the predictions first."""
    evaluation = project.evaluation
    if evaluation is None or evaluation.predictions is None:
        raise UsageError("its commit has no evaluation that leaves predictions")
    return evaluation, evaluation.results


def without_training(project: Project, version: ModelVersion, wanted: list[str]) -> Project:
    """A project without the steps that make the model, whose files are there already.

    Args:
        project: the project.
        version: the version that has the files.
        wanted: the steps that evaluate.

    Raises:
        UsageError: what evaluates needs one of the steps that are taken out.
    """
    training = [step for step in project.steps if any(makes(step, path) for path in project.model.files)]
    left = tuple(step for step in project.steps if step not in training)
    for name in wanted:
        if name in {step.name for step in training}:
            raise UsageError(f"its step {name} trains and evaluates in one", hint="let a step of its own evaluate")
    for step in upstream(left, wanted):
        for path in step.inputs or ():
            maker = next((one.name for one in training if makes(one, path)), None)
            if maker and not any(contains(path, file.path) for file in version.files):
                what = f"{path!r} is made by its step {maker}, which is not run again, and is no file of the model"
                raise UsageError(what, hint="add it to model.files, for the versions to come")
    return replace(project, steps=left)


def _notes(past: PastCommit, run: Run | None) -> Iterator[str]:
    if run is None:
        yield "its run is not on record, so that its software is what its commit asks for today"
    if past.software:
        shown = ", ".join(map(_changed, past.software[:_SHOWN]))
        more = f" and {len(past.software) - _SHOWN} more" if len(past.software) > _SHOWN else ""
        yield f"its software is not here as it was: {shown}{more}"


def _changed(change: Change) -> str:
    return f"{change.name} {change.before or 'none'} → {change.after or 'none'}"
