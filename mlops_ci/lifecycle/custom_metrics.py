"""Has the user's functions look at the candidate's predictions, and at those of the versions it is compared with.

That is the user's code: it runs where the pipeline runs, as its steps do. What it says is kept as files, so that
another job can judge by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from mlops_ci.errors import IntegrityError, MlopsError, UsageError
from mlops_ci.gate.custom import CustomResult, with_values
from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.cache import DamagedCacheError
from mlops_ci.pipeline.custom_metrics import FOLDER, RESULT, VALUES, custom_step, folder_of
from mlops_ci.pipeline.execute import Executed, Workshop
from mlops_ci.pipeline.fingerprint import step_fingerprint
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.run import find_result
from mlops_ci.project.project import CustomMetric, PredictionsFile, reveals_gains_only
from mlops_ci.project.variants import Variant
from mlops_ci.records.codec import decode_strictly, encode
from mlops_ci.records.digest import hexadecimal
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import StepRun
from mlops_ci.records.step_result import StepResult
from mlops_ci.registry.download import fetch_predictions
from mlops_ci.registry.references import resolve
from mlops_ci.registry.state import ModelState

_LARGEST = 1 << 20
_LONGEST = 400
_ERROR = "error: "


@dataclass(frozen=True, slots=True)
class _Said:
    """What ``mlops_ci.custom`` leaves, or why there is none."""

    problem: str | None = None
    kind: Literal["rows", "number"] = "number"
    rows: int = 0
    pairing: str = ""
    value: float | None = None
    replicates: tuple[float | None, ...] = ()
    jackknife: tuple[float | None, ...] = ()
    scale: float = 1.0
    drawn: int = 0
    unit: Literal["rows", "groups"] = "rows"


def measured(session: Session, workshop: Workshop, trained: Trained, scratch: Path, *, force: bool = False) -> Trained:
    """Call the functions on all predictions that the gate will look at, and add what they say to a finished run."""
    evaluation, found = session.project.evaluation, trained.run.evaluation
    if evaluation is None or not evaluation.custom or evaluation.predictions is None:
        return trained
    if found is None or found.predictions is None:
        return trained
    caller = _Caller(session, workshop, evaluation.predictions, scratch, force=force)
    files: dict[str, FileRecord] = {}
    for predictions in (found.predictions, *_recorded(session, trained, found.predictions, scratch)):
        for metric in evaluation.custom:
            for file in caller.call(metric, predictions):
                files[file.path] = file
    return with_custom_metrics(session, replace(trained, files=(*trained.files, *files.values())), files)


def with_custom_metrics(session: Session, trained: Trained, outputs: Mapping[str, FileRecord]) -> Trained:
    """A finished run with what the functions have said, read from files as what a stranger says."""
    evaluation, predictions = session.project.evaluation, trained.evidence.predictions
    found = trained.run.evaluation
    if evaluation is None or not evaluation.custom or predictions is None or found is None or found.predictions is None:
        return trained
    names = [metric.function for metric in evaluation.custom]
    digests = {path.removeprefix(f"{FOLDER}/").partition("/")[0] for path in outputs if path.startswith(f"{FOLDER}/")}
    said = {
        digest: {name: _result(trained.materials, outputs, digest, name, len(predictions)) for name in names}
        for digest in {*digests, hexadecimal(found.predictions.digest)}
    }
    mine = said[hexadecimal(found.predictions.digest)]
    values = {name: None if math.isnan(result.value) else result.value for name, result in mine.items()}
    if reveals_gains_only(session.project.gate):
        values = {}
    int8 = trained.int8
    if isinstance(int8, Evidence):
        int8 = replace(
            int8, custom=dict.fromkeys(names, CustomResult("nobody has called it on the int8 form's answers"))
        )
    return replace(
        trained,
        run=replace(trained.run, metrics={**trained.run.metrics, **values}),
        evidence=replace(trained.evidence, custom=mine, predictions=with_values(predictions, mine)),
        measured={f"sha256:{digest}": results for digest, results in said.items()},
        int8=int8,
    )


def _recorded(session: Session, trained: Trained, own: FileRecord, scratch: Path) -> Iterator[FileRecord]:
    """The predictions of the versions that the gate will compare with, on the same evaluation set."""
    gate = session.project.gate
    if gate is None or session.unreadable:
        return
    state = session.log().read()
    known = state.with_fingerprint(trained.run.fingerprint or "")
    numbers = {known.version} if known else set()
    for name in {gate.baseline, *(rule.bound.reference or "" for rule in gate.flat())} - {"", "baseline"}:
        with suppress(UsageError):
            numbers.add(resolve(state, name.removeprefix("@")).version)
    done = {own.digest}
    for number in sorted(numbers):
        again = trained.rescored.get(number)
        if again and again.evaluation and again.evaluation.predictions:
            done.add(again.evaluation.predictions.digest)
            yield again.evaluation.predictions
        recorded = state.evaluation_on(number, trained.evidence.evaluation_set)
        if recorded and recorded.predictions and recorded.predictions.digest not in done:
            done.add(recorded.predictions.digest)
            if _fetched(session, state, recorded, trained.materials, scratch):
                yield recorded.predictions


def _fetched(session: Session, state: ModelState, recorded: Evaluation, materials: Materials, scratch: Path) -> bool:
    target = scratch / "recorded"
    try:
        if recorded.predictions is None or fetch_predictions(session.store, state.model, recorded, target) is None:
            return False
    except IntegrityError:
        return False  # whoever judges will say so
    materials.take(recorded.predictions.path, target)
    return True


@dataclass(frozen=True, slots=True)
class _Caller:
    session: Session
    workshop: Workshop
    columns: PredictionsFile
    scratch: Path
    force: bool

    def call(self, metric: CustomMetric, predictions: FileRecord) -> tuple[FileRecord, ...]:
        """The files in which a function has left what it says of some predictions, or one that says what went wrong."""
        step = custom_step(metric, self.columns)
        read = replace(predictions, path=self.columns.path)
        place = f"{FOLDER}/{hexadecimal(predictions.digest)}/{metric.function}"
        try:
            inputs = self.workshop.resolver.inputs(step, {read.path: read.digest})
            fingerprint = step_fingerprint(inputs, None)
            known = None if self.force else find_result(self.session.cache, step, fingerprint)
            if known and self._restored(known):
                return _moved(known.outputs, folder_of(metric), place)
            self.workshop.progress.started(step.name, (f"{read.path} was never measured by this code",))
            executed = self.workshop.execute(Variant(step), {read.path: read})
            self.workshop.progress.finished(_run(step.name, executed))
            if executed.error is None:
                self._remember(fingerprint, executed)
                return _moved(executed.outputs, folder_of(metric), place)
            problem = _told(executed)
        except MlopsError as error:
            problem = error.line()
        file = self.scratch / "problem.json"
        file.write_bytes(encode(_Said(problem=" ".join(self.session.redact(problem).split())[:_LONGEST])))
        return (self.workshop.materials.take(f"{place}/{RESULT}", file),)

    def _restored(self, known: StepResult) -> bool:
        try:
            for file in known.outputs:
                self.workshop.materials.promise(file, known.fingerprint)
                self.workshop.materials.path(file)
        except DamagedCacheError as error:
            self.session.cache.forget(error.fingerprint, error.file)
            return False
        return True

    def _remember(self, fingerprint: str, executed: Executed) -> None:
        run = _run("", executed)
        result = StepResult(
            fingerprint=fingerprint,
            outputs=executed.outputs,
            seconds=run.seconds,
            cpu_seconds=run.cpu_seconds,
            peak_memory=run.peak_memory,
            run="",
        )
        contents = {file.digest: self.workshop.materials.path(file) for file in executed.outputs}
        self.session.cache.remember(result, contents, anew=self.force)


def _moved(files: tuple[FileRecord, ...], folder: str, place: str) -> tuple[FileRecord, ...]:
    return tuple(replace(file, path=place + file.path.removeprefix(folder)) for file in files)


def _run(name: str, executed: Executed) -> StepRun:
    finished = executed.finished
    return StepRun(
        name=name,
        status="failed" if executed.error else "ran",
        seconds=round(finished.seconds, 3) if finished else 0.0,
        cpu_seconds=round(finished.cpu_seconds, 3) if finished else 0.0,
        peak_memory=finished.peak_memory if finished else 0,
        exit_code=finished.exit_code if finished else None,
    )


def _told(executed: Executed) -> str:
    """What the function's step has said last, or how it ended."""
    told = [line.removeprefix(_ERROR) for line in executed.log_tail if line.startswith(_ERROR)]
    if executed.finished and executed.finished.exit_code == 2 and told:
        return told[-1]
    return executed.error.line() if executed.error else ""


def _result(materials: Materials, outputs: Mapping[str, FileRecord], digest: str, name: str, rows: int) -> CustomResult:
    place = f"{FOLDER}/{digest}/{name}"
    record, values = outputs.get(f"{place}/{RESULT}"), outputs.get(f"{place}/{VALUES}")
    if record is None:
        return CustomResult(f"nobody has called {name} on these predictions")
    try:
        if record.size > _LARGEST:
            raise IntegrityError("too large", where=record.path)
        said = decode_strictly(materials.path(record).read_bytes(), _Said, where=record.path)
    except IntegrityError:
        return CustomResult(f"what {name} has left cannot be read")
    if said.problem:
        return CustomResult(said.problem[:_LONGEST])
    if said.rows != rows or said.value is None or not math.isfinite(said.value) or not 0 < said.scale <= 1:
        return CustomResult(f"what {name} has left is about other rows, or no number")
    if said.kind == "number":
        return CustomResult(
            value=said.value,
            rows=rows,
            pairing=said.pairing,
            replicates=_floats(said.replicates),
            jackknife=_floats(said.jackknife),
            scale=said.scale,
            drawn=said.drawn,
            unit=said.unit,
        )
    if values is None or values.size != 8 * rows:
        return CustomResult(f"what {name} has left is about other rows, or no number")
    found = np.fromfile(materials.path(values), dtype="<f8").astype(np.float64)
    return CustomResult(value=float(found.mean()), values=found, rows=rows, pairing=said.pairing)


def _floats(values: tuple[float | None, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
