"""What rescoring has left of versions that a candidate is compared with: files of its run, read as a stranger's.

Another job may have run that code, and may have written anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_ci.errors import IntegrityError, MlopsError, UsageError
from mlops_ci.gate.judge import BASELINE
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, read_evidence
from mlops_ci.lifecycle.evidence import Rescored, predictions_format
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.looks import compared_with
from mlops_ci.lifecycle.session import Session
from mlops_ci.project.project import GateChoice
from mlops_ci.records.codec import decode_strictly
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.judge import record_evaluation
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import resolve

FOLDER = ".mlops-ci/rescored"
SAID = "rescoring.json"
_LONGEST = 600
_MOST_NOTES = 3
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Said:
    """How a rescoring ended: with predictions in the file of that name beside this one, or with a problem.

    ``problem`` and ``notes`` do not say what they are about: that is said by whoever reads them, who cannot know
    whether a stranger has written them.
    """

    digest: str | None
    problem: str | None = None
    predictions: str | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def one_line(text: str) -> str:
    """A text of another job as a part of a sentence of ours."""
    return " ".join(text.split())[:_LONGEST]


def folder_of(version: ModelVersion) -> str:
    """Where a version's rescoring leaves its files."""
    return f"{FOLDER}/v{version.version}"


def versions_to_rescore(session: Session, trained: Trained) -> Iterator[tuple[str, ModelVersion]]:
    """The versions that rules compare with, by the name they use, that have no predictions on the candidate's rows."""
    gate, evaluation_set = session.project.gate, trained.evidence.evaluation_set
    if gate is None or evaluation_set is None or session.unreadable:
        return
    state = session.log().read()
    own = state.with_fingerprint(trained.run.fingerprint or "")
    done = {own.version} if own else set()
    for name in _named(gate):
        try:
            version = resolve(state, name)
        except UsageError:
            continue  # the verdict says so
        if version.version not in done and state.evaluation_on(version.version, evaluation_set) is None:
            done.add(version.version)
            yield name, version


def _named(gate: GateChoice) -> Iterator[str]:
    names = {name for rule in gate.flat() if (name := compared_with(rule))}
    if BASELINE in names:
        yield gate.baseline
    yield from sorted(name.removeprefix("@") for name in names - {BASELINE})


def with_rescored(session: Session, trained: Trained, outputs: Mapping[str, FileRecord], scratch: Path) -> Trained:
    """A finished run with what was rescored for it. No code of the user runs.

    Args:
        session: the session.
        trained: the run.
        outputs: what the job that ran the steps has left, by path.
        scratch: a folder that lasts as long as the run's files.
    """
    how = predictions_format(session.project.evaluation, session.project.gate) if session.project.evaluation else None
    if how is None:
        return trained
    reader = _Reader(how, trained, outputs, scratch)
    found = {version.version: reader.read(version, name) for name, version in versions_to_rescore(session, trained)}
    return replace(trained, rescored=found)


@dataclass(frozen=True, slots=True)
class _Reader:
    how: PredictionsFormat
    trained: Trained
    outputs: Mapping[str, FileRecord]
    scratch: Path

    def read(self, version: ModelVersion, name: str) -> Rescored:
        called, folder = f"{name} v{version.version}", folder_of(version)
        record = self.outputs.get(f"{folder}/{SAID}")
        if record is None:
            what = f"{called} has no predictions on these rows, and the job that ran the steps did not rescore it"
            return Rescored(what)
        try:
            said = self._said(record)
            _require(said.digest == version.digest)
            if said.problem or said.predictions is None:
                why = one_line(said.problem or "") or "it does not say why"
                return Rescored(f"{called} cannot be rescored on these rows: {why}")
            predictions = self.outputs[f"{folder}/{said.predictions}"]
            file = self.scratch / predictions.path
            self.trained.materials.copy(predictions, file)
            rows = self._rows(file, predictions.path)
        except (MlopsError, KeyError):
            return Rescored(f"what the rescoring of {called} has left cannot be read")
        at = f", at its commit {version.commit[:7]}" if version.commit else ""
        notes = (
            f"{called} was rescored on this evaluation set{at}",
            *(f"rescoring {called}: {one_line(note)}" for note in said.notes[:_MOST_NOTES]),
        )
        evaluation = Evaluation(self.trained.evidence.evaluation_set, rows, predictions, dict(said.numbers))
        return Rescored(evaluation=evaluation, file=file, notes=notes)

    def _said(self, record: FileRecord) -> Said:
        _require(record.size <= _LARGEST)
        return decode_strictly(self.trained.materials.path(record).read_bytes(), Said, where=record.path)

    def _rows(self, file: Path, called: str) -> int:
        theirs = read_evidence(file, self.how, called=called, lenient=True)
        _require(theirs.evaluation_set == self.trained.evidence.evaluation_set and theirs.predictions is not None)
        return len(theirs.predictions or ())


def _require(holds: bool) -> None:
    if not holds:
        raise IntegrityError("not what rescoring leaves")


def keep_rescored(log: ModelLog, trained: Trained) -> None:
    """Put what was rescored into the log, so that it is rescored once."""
    there = log.read().versions  # one of them may have been deleted meanwhile
    for number, again in trained.rescored.items():
        if number in there and again.evaluation and again.evaluation.predictions:
            local = trained.local(again.evaluation.predictions)
            record_evaluation(log, number, again.evaluation, local)
