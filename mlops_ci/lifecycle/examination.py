"""What came of a run, from the files that its steps have written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.edge.tables import columns_of, read_table, require_columns
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.conversion import conversion_of
from mlops_ci.lifecycle.explanations import as_file, explanation_in
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.conversion import INT8_ANSWERS
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.project import explain, onnx
from mlops_ci.project.project import EvaluationChoice, GateChoice, Project
from mlops_ci.records.codec import encode
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import Run
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import SAMPLES_PATH

if TYPE_CHECKING:
    import polars as pl

    from mlops_ci.lifecycle.evidence import AllRescored, Measured

# What computes is imported by the functions that need it: a run without predictions need not wait for numpy and scipy.


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run: its record, and what the gate and the registry need of it; ``files`` are all that they may.

    ``samples``, ``conversion``, ``explanation`` and ``int8`` are computed from ``files``, wherever that is done.
    ``int8`` is what the quantised form of the model answers, or why that is not known; ``measured`` is what the user's
    functions say.
    ``rescored`` is what came of versions that had no predictions on the same rows. ``seeds`` are the results of the
    evaluation for each seed after the first, from which ``run.evaluation.seeds`` is computed.
    """

    run: Run
    evidence: Evidence
    materials: Materials
    files: tuple[FileRecord, ...]
    samples: LocalFile | None = None
    conversion: Conversion | None = None
    int8: Evidence | str | None = None
    measured: Measured = field(default_factory=dict)
    seeds: tuple[tuple[FileRecord, ...], ...] = ()
    rescored: AllRescored = field(default_factory=dict)
    explanation: LocalFile | None = None

    def local(self, file: FileRecord) -> LocalFile:
        """A file of the run with the place of its bytes."""
        return LocalFile(file, lambda: self.materials.path(file))


def kept_paths(project: Project) -> list[str]:
    """The outputs that are kept with the run's record."""
    stored = [output.path for step in project.steps for output in step.outputs if output.store]
    evaluation = project.evaluation
    if evaluation is None:
        return stored
    return [*stored, *evaluation.results, *([evaluation.training_ids] if evaluation.training_ids else [])]


def examine(
    session: Session,
    run: Run,
    outputs: Mapping[str, FileRecord],
    materials: Materials,
    scratch: Path,
    *,
    seeds: Sequence[Mapping[str, FileRecord]] = (),
    partial: bool = False,
    strict: bool = False,
) -> Trained:
    """Read what the steps have written: predictions, numbers, the model's files and signature.

    A ``partial`` run, of some steps only, need not have made the predictions or the model's inputs. ``strict`` reads
    what another job has left. ``seeds`` is what the steps have written for each seed after the first.
    """
    project = session.project

    def made(path: str) -> list[FileRecord]:
        return [outputs[name] for name in outputs_below(sorted(outputs), path)]

    model = tuple(dict.fromkeys(file for path in project.model.files for file in made(path)))
    evidence, predictions = Evidence(), None
    metrics: Mapping[str, float | None] = {}
    of_seeds: tuple[tuple[FileRecord, ...], ...] = ()
    chosen = project.evaluation
    if chosen and not (partial and not all(made(path) for path in chosen.results)):
        from mlops_ci.lifecycle.evidence import candidate_evidence, shown_metrics
        from mlops_ci.lifecycle.seeds import results_of_seeds, values_of_seeds

        files = {path: _readable(materials, made(path), scratch) for path in chosen.results if made(path)}
        evidence = candidate_evidence(chosen, project.gate, files)
        _require_unseen(chosen, project.gate, files, made, materials, scratch)
        of_seeds = results_of_seeds(chosen, seeds)
        evidence = replace(evidence, seeds=values_of_seeds(project, evidence, of_seeds, materials, scratch / "seeds"))
        metrics = shown_metrics(evidence, project.gate)
        predictions = next(iter(made(chosen.predictions.path)), None) if chosen.predictions else None
    kept = tuple(dict.fromkeys(file for path in kept_paths(project) for file in made(path)))
    evaluation = None
    if evidence.predictions is not None or evidence.numbers:
        evaluation = Evaluation(
            set=evidence.evaluation_set,
            rows=len(evidence.predictions) if evidence.predictions is not None else None,
            predictions=predictions,
            numbers=dict(evidence.numbers),
            seeds=dict(evidence.seeds),
        )
    inputs = made(project.model.inputs.path) if project.model.inputs else []
    extra = (*made(onnx.FOLDER), *made(explain.FOLDER))
    read = tuple(dict.fromkeys((*model, *kept, *inputs, *extra)))
    run = replace(run, model=model, files=kept, metrics=dict(metrics), evaluation=evaluation)
    if partial:
        return Trained(run, evidence, materials, read, seeds=of_seeds)
    tables = _tables(session, inputs, predictions, materials, scratch)
    explanation = explanation_in(session, outputs, materials, strict=strict)
    return Trained(
        run=replace(run, signature=_signature(project, tables), explanation=explanation),
        evidence=evidence,
        materials=materials,
        files=read,
        samples=_samples(project, tables, evidence, scratch),
        conversion=conversion_of(session, outputs, materials, strict=strict),
        int8=_int8(project, tables, evidence, outputs.get(INT8_ANSWERS), materials, scratch),
        seeds=of_seeds,
        explanation=as_file(explanation, scratch),
    )


def _require_unseen(
    chosen: EvaluationChoice,
    gate: GateChoice | None,
    files: Mapping[str, Path],
    made: Callable[[str], list[FileRecord]],
    materials: Materials,
    scratch: Path,
) -> None:
    from mlops_ci.lifecycle.evidence import predictions_format
    from mlops_ci.lifecycle.training_ids import require_unseen

    how, table = predictions_format(chosen, gate), chosen.training_ids
    if how and table:
        if not made(table):
            raise UsageError("no step has made the table of training ids", where=table)
        require_unseen(files[how.columns.path], how, _readable(materials, made(table), scratch), called=table)


def _readable(materials: Materials, files: list[FileRecord], scratch: Path) -> Path:
    """A copy of a file under its own name: readers go by the ending."""
    target = scratch / "read" / files[0].path
    if not target.exists():
        materials.copy(files[0], target)
    return target


@dataclass(frozen=True, eq=False, slots=True)
class _Tables:
    """What the model ate and answered."""

    inputs: pl.DataFrame | None
    answers: pl.DataFrame | None


def _tables(
    session: Session, inputs: list[FileRecord], predictions: FileRecord | None, materials: Materials, scratch: Path
) -> _Tables:
    declared, eaten, answers = session.project.model.inputs, None, None
    evaluation = session.project.evaluation
    texts = set()
    if declared and declared.columns and evaluation and evaluation.predictions:
        # As the gate reads ids; but what the model eats keeps its type.
        texts = {evaluation.predictions.id or "id"} - {*declared.columns}
    if declared:
        if not inputs:
            raise UsageError("no step has made the model's inputs", where=declared.path)
        eaten = read_table(_readable(materials, inputs, scratch), called=declared.path, texts=texts)
        require_columns(eaten, declared.columns, called=declared.path)
    if predictions:
        answers = read_table(_readable(materials, [predictions], scratch), called=predictions.path, texts=texts)
    return _Tables(eaten, answers)


def _eaten(project: Project, inputs: pl.DataFrame) -> tuple[str, ...]:
    """The columns that the model eats."""
    return tuple((project.model.inputs.columns if project.model.inputs else ()) or inputs.columns)


def _signature(project: Project, tables: _Tables) -> Signature | None:
    """What the model eats, from ``model.inputs``, and what it answers, from the predictions."""
    columns: tuple[Column, ...] = ()
    if tables.inputs is not None:
        columns = columns_of(tables.inputs, _eaten(project, tables.inputs))
    answers: tuple[Column, ...] = ()
    if tables.answers is not None and project.evaluation and project.evaluation.predictions:
        chosen = project.evaluation.predictions
        names = (chosen.prediction or "prediction", chosen.score or "score")
        answers = columns_of(tables.answers, [name for name in tables.answers.columns if name.startswith(names)])
    return Signature(columns, answers) if columns or answers else None


def _int8(
    project: Project,
    tables: _Tables,
    evidence: Evidence,
    answers: FileRecord | None,
    materials: Materials,
    scratch: Path,
) -> Evidence | str | None:
    if answers is None or tables.inputs is None or project.gate is None:
        return None
    if tables.answers is None:
        return "the evaluation has no predictions"
    from mlops_ci.lifecycle.conversion_answers import int8_evidence, read_answers

    try:
        given = read_answers(materials.path(answers))
        found = int8_evidence(project, tables.inputs, tables.answers, given, scratch)
    except (UsageError, IntegrityError) as error:
        return error.what
    return replace(found, numbers=evidence.numbers)


def _samples(project: Project, tables: _Tables, evidence: Evidence, scratch: Path) -> LocalFile | None:
    if tables.inputs is None:
        return None
    from mlops_ci.lifecycle.sampling import samples_from

    names = _eaten(project, tables.inputs)
    samples = samples_from(tables.inputs, names, tables.answers, project.evaluation, evidence.predictions)
    if samples is None:
        return None
    data, file = encode(samples), scratch / SAMPLES_PATH
    file.write_bytes(data)
    return LocalFile(FileRecord(SAMPLES_PATH, digest_of_bytes(data), len(data)), lambda: file)
