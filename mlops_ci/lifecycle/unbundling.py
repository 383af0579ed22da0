"""Takes over what another job has left. That job ran the user's code: nothing in a bundle is believed unseen.

What can be known without that job is taken from the checkout and from the predictions: commit, parameters, the code's
part of the fingerprint, all numbers, the signature. What only that job can know is its claim: what the data were, which
software it had, how long it took.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from mlops_ci import __version__
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.arrival import Arrival
from mlops_ci.lifecycle.bundling import MANIFEST, OBJECTS
from mlops_ci.lifecycle.custom_metrics import with_custom_metrics
from mlops_ci.lifecycle.examination import Trained, examine
from mlops_ci.lifecycle.history import RUN_ID
from mlops_ci.lifecycle.rescored import FOLDER as RESCORED
from mlops_ci.lifecycle.rescored import with_rescored
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.custom_metrics import FOLDER
from mlops_ci.pipeline.materials import Materials
from mlops_ci.project.paths import contains, escapes, normalise
from mlops_ci.project.project import Project
from mlops_ci.project.variants import variants
from mlops_ci.records.bundle import BUNDLE_FORMAT, Bundle
from mlops_ci.records.codec import decode
from mlops_ci.records.digest import digest_of_bytes, hexadecimal, is_digest
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import Run

_LARGEST_MANIFEST = 16 << 20
_MOST_FILES = 10_000
_CHUNK = 1 << 20
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_CLOCKS_DIFFER = timedelta(minutes=10)
_LONGEST_JOB = 1e8  # seconds; three years


@dataclass(frozen=True, slots=True)
class Received:
    """A bundle whose manifest holds; its files are still to be looked at."""

    folder: Path
    bundle: Bundle


def receive(folder: Path, arrival: Arrival, now: datetime, *, digest: str | None = None) -> Received:
    """Read the manifest of a bundle, and hold it against the checkout and its project.

    Args:
        folder: where the bundle is.
        arrival: the checkout and its event.
        now: the time.
        digest: the manifest's, as the other job has told it, if it has.

    Raises:
        UsageError: there is no bundle.
        IntegrityError: it is not a sound bundle of this commit and model.
    """
    if not (folder / MANIFEST).exists() and not (folder / MANIFEST).is_symlink():
        hint = "download what mlops-ci run --bundle has left, and name that folder"
        raise UsageError("no bundle here", where=str(folder), hint=hint)
    data = b"".join(_chunks(folder / MANIFEST, MANIFEST, _LARGEST_MANIFEST))
    _require(digest is None or digest_of_bytes(data) == digest, "the manifest is not the one that was told", MANIFEST)
    bundle = decode(data, Bundle, where=MANIFEST)
    project, run = arrival.project, bundle.run
    _require(bundle.format == BUNDLE_FORMAT, "the bundle needs another mlops-ci", MANIFEST)
    _require(bundle.model == project.model.name == run.model_name, "the bundle is of another model", MANIFEST)
    _require(bundle.head == arrival.checkout.head, "the bundle is of another commit", MANIFEST)
    author = arrival.context.commit or arrival.checkout.head
    _require(run.commit.sha == author, "the bundle is of another commit", MANIFEST)
    _require(bool(RUN_ID.match(run.id)), "the run has no proper name", MANIFEST)
    _require(run.status == "succeeded", "the run did not succeed", MANIFEST)
    _require(_is_moment(run.started, now), "the run is of no time that was", MANIFEST)
    times = [run.seconds, *(seconds for step in run.steps for seconds in (step.seconds, step.cpu_seconds))]
    _require(all(0 <= seconds < _LONGEST_JOB for seconds in times), "a time is none that a job takes", MANIFEST)
    expected = variants(project, project.steps)
    steps = sorted(step.label for step in run.steps)
    _require(steps == sorted(variant.name for variant in expected), "the run has other steps", MANIFEST)
    claimed = {name: (one.path, one.source.uri if one.source else None) for name, one in run.datasets.items()}
    expected_data = {one.name: (one.path, one.uri) for one in project.datasets}
    _require(claimed == expected_data, "the run has other datasets", MANIFEST)
    digests = [run.environment.digest, *(dataset.digest for dataset in run.datasets.values())]
    _require(all(map(is_digest, digests)), "a digest is none", MANIFEST)
    _require_files(bundle.files, project)
    further = max((variant.seed or 0 for variant in expected), default=0)
    _require(len(bundle.seeds) == further, "the bundle has the results of other seeds", MANIFEST)
    for results in bundle.seeds:
        _require_files(results, project)
    return Received(folder, bundle)


@contextmanager
def taken_over(session: Session, received: Received) -> Iterator[Trained]:
    """The run of a bundle as if it had been run here; within the context its files are on this machine.

    No code of the user runs.

    Raises:
        IntegrityError: a file is not what the manifest says, or the run is not one of the checked-out code.
    """
    bundle, claimed = received.bundle, received.bundle.run
    if session.dirty is None:
        computed = session.resolver.model_fingerprint()
        _require(claimed.fingerprint == computed, "the run is not one of the code that is checked out", MANIFEST)
    with scratch_folder() as scratch:
        files = (*bundle.files, *(file for results in bundle.seeds for file in results))
        _require_room(files, scratch)
        materials = Materials(scratch / "objects", session.cache)
        for file in files:
            _take(received.folder, file, materials, scratch)
        outputs = {file.path: file for file in bundle.files}
        try:
            seeds = [{file.path: file for file in results} for results in bundle.seeds]
            run = _run_of(session, claimed)
            trained = examine(session, run, outputs, materials, scratch, seeds=seeds, strict=True)
            trained = with_rescored(session, trained, outputs, scratch)
            trained = with_custom_metrics(session, trained, outputs)
        except UsageError as error:  # the other job has read the same files, and found them good
            raise IntegrityError(error.what, where=error.where, hint="the bundle was changed") from error
        yield trained


def _run_of(session: Session, claimed: Run) -> Run:
    """The record of a run, as far as it is not computed from the files."""
    return replace(
        claimed,
        tool=f"mlops-ci {__version__}",
        commit=session.commit,
        merge=session.merge,
        dirty=session.dirty,
        host=session.context,
        params=dict(session.resolver.params),
        steps=tuple(replace(step, log_tail=()) for step in claimed.steps),
        error=None,
        metrics={},
        model=(),
        files=(),
        evaluation=None,
        signature=None,
        verdict=None,
        explanation=None,
    )


def _require(holds: bool, what: str, where: str) -> None:
    if not holds:
        raise IntegrityError(what, where=where, hint="nothing of this bundle was used")


def _is_moment(text: str, now: datetime) -> bool:
    try:
        return bool(_MOMENT.fullmatch(text)) and datetime.fromisoformat(text) <= now + _CLOCKS_DIFFER
    except ValueError:
        return False


def _require_files(files: tuple[FileRecord, ...], project: Project) -> None:
    declared = [FOLDER, RESCORED, *(output.path for step in project.steps for output in step.outputs)]
    _require(len(files) <= _MOST_FILES, "there are too many files", MANIFEST)
    paths = {file.path for file in files}
    folders = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    _require(len(paths) == len(files) and not paths & folders, "two files are in one place", MANIFEST)
    for file in files:
        proper = normalise(file.path) == file.path and not escapes(file.path) and "\0" not in file.path
        _require(proper and any(contains(path, file.path) for path in declared), "a file is no output", repr(file.path))
        _require(is_digest(file.digest) and file.size >= 0, "a file has no proper digest or size", repr(file.path))


def _require_room(files: tuple[FileRecord, ...], scratch: Path) -> None:
    _require(sum(file.size for file in files) < shutil.disk_usage(scratch).free, "the files do not fit here", MANIFEST)


def _take(folder: Path, file: FileRecord, materials: Materials, scratch: Path) -> None:
    """Copy a file of the bundle, and make sure that it is what the manifest says."""
    called, copied = repr(file.path), scratch / "received"
    _require(not (folder / OBJECTS).is_symlink(), "the files lie behind a link", OBJECTS)
    with copied.open("wb") as target:
        for chunk in _chunks(folder / OBJECTS / hexadecimal(file.digest), called, file.size):
            target.write(chunk)
    _require(materials.take(file.path, copied) == file, "the file is not what the manifest says", called)


def _chunks(path: Path, called: str, most: int) -> Iterator[bytes]:
    """The bytes of a plain file, neither a link nor a device, which is not longer than it may be."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise IntegrityError(f"the file cannot be read: {error.strerror}", where=called) from error
    with os.fdopen(descriptor, "rb") as file:
        _require(stat.S_ISREG(os.fstat(descriptor).st_mode), "it is no plain file", called)
        left = most
        while chunk := file.read(_CHUNK):
            left -= len(chunk)
            _require(left >= 0, "the file is longer than it may be", called)
            yield chunk
