"""Opens a past commit beside the present: its files, its project, its software, and data of today or of then.

Nothing of the user's repository changes: the files are in a scratch folder, and the steps run in sandboxes as always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Literal

from mlops_ci.edge.content_facts import content_facts
from mlops_ci.edge.redaction import Redactor, redactor_for
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.places import read_included, require_no_link
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.borrowed import BorrowingSnapshot
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.environment import Environment, InterpreterEnvironment, choose_environment
from mlops_ci.pipeline.execute import Workshop
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.notebook_tool import notebook_tools
from mlops_ci.pipeline.params import load_params
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.recorded import recorded_environment
from mlops_ci.pipeline.remote_data import remote_datasets
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.project.load import load_project
from mlops_ci.project.project import Dataset, Project
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import Change
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.locked import locked_packages
from mlops_ci.source.worktree import Worktree, write_worktree

NOTHING_RECORDED: Mapping[str, str] = {}
_POINTER = "a pointer of Git LFS whose content this clone does not have: git lfs fetch origin"


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit of the past, ready to run steps of.

    ``project`` is what its ``mlops.yaml`` says, without the steps that nobody has written. ``resolver`` knows its
    files, parameters, data and software; ``software`` is what differs from the software on record, which only that of
    an interpreter can. ``scratch`` is a folder for the caller, gone with the commit.
    """

    sha: str
    worktree: Worktree
    project: Project
    snapshot: BorrowingSnapshot
    resolver: Resolver
    software: tuple[Change, ...]
    scratch: Path

    def with_files(self, project: Project, files: Mapping[str, Path]) -> PastCommit:
        """The commit with fewer steps, and with files in place that those would have made.

        Args:
            project: its project with the steps that are left.
            files: by their paths in the project, where files are that are moved into the worktree.
        """
        for path, file in files.items():
            self.snapshot.place(path, file)
        return replace(self, project=project, resolver=replace(self.resolver, project=project))

    def redactor(self, session: Session) -> Redactor:
        """Keeps the secrets that its steps ask for out of what they print, and those of today's steps."""
        steps = (*session.project.steps, *self.project.steps)
        return redactor_for(session.environ, (name for step in steps for name in step.env))

    def workshop(self, session: Session, progress: Progress) -> Workshop:
        """Where its steps run."""
        return Workshop(
            resolver=self.resolver,
            materials=Materials(self.scratch / "objects", session.cache),
            environ=session.environ,
            redact=self.redactor(session),
            progress=progress,
            cancelled=Event(),
            folder=self.scratch / "steps",
        )


def past_cache(session: Session) -> StepCache:
    """The cache of a session for a past commit: the same results, without a trace in what ``plan`` says of today."""
    return replace(session.cache, model=f"{session.cache.model}@past")


@contextmanager
def past_commit(
    session: Session,
    sha: str,
    lock: EnvironmentLock | None,
    *,
    data: Literal["today", "then"],
    digests: Mapping[str, str] = NOTHING_RECORDED,
) -> Iterator[PastCommit]:
    """Open a past commit; it is gone with the context.

    Rescoring takes the data of ``today``: each dataset is the one that has its name now, wherever that lies, and only
    one that is none any more is that of the commit. Reproducing takes those of ``then``: what lies in its place in the
    checkout if that is what it was, by ``digests``, or if the commit has nothing there, else what the commit itself
    has; whether that is what it was is for the caller to see, by the digests of ``resolver.datasets``. Steps are run
    so::

        with past_commit(session, version.commit, run.environment, data="then") as past:
            workshop = past.workshop(session, progress)
            result = Conductor(workshop, past_cache(session), run_id, wanted=past.project.model.files).run()

    Args:
        session: the session, on any commit.
        sha: the commit.
        lock: the software of its run; None where that is not on record: then it is what the commit asks for.
        data: which datasets its steps read.
        digests: what they were ``then``, by name, as far as that is on record.

    Raises:
        UsageError: the commit is nowhere to be had, or has no sound project here, or a dataset is not there.
    """
    with scratch_folder() as scratch:
        worktree = write_worktree(session.checkout, sha, scratch / "tree")
        today = session.snapshot
        folder = worktree.root / today.prefix
        project = _project(folder / session.project_file, session.project_file, sha, worktree.root)
        borrowed = _borrowed(session, project, folder, data, digests)
        snapshot = BorrowingSnapshot(
            worktree.root,
            today.prefix,
            tracked=worktree.tracked,
            files=tuple(sorted(worktree.tracked)),
            lender=today,
            borrowed=borrowed,
            unreadable=dict.fromkeys(worktree.pointers, _POINTER),
            remote=remote_datasets(project.datasets, session.environ),
        )
        environment = _environment(session, project, lock, folder)
        resolver = Resolver(
            project,
            snapshot,
            load_params(project.params, folder, worktree.root),
            _datasets(session, project, snapshot, borrowed),
            environment,
            notebook_tools(project, environment, folder=folder, cache=session.cache, environ=session.environ),
        )
        software = _changed_software(lock, environment.lock()) if lock and lock.kind == "interpreter" else ()
        yield PastCommit(sha, worktree, project, snapshot, resolver, software, scratch)


def _project(file: Path, name: str, sha: str, top: Path) -> Project:
    require_no_link(file, top, called=name)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"commit {sha[:7]} has no {name} here", where=sha, hint="it was elsewhere then") from error
    return load_project(data, f"{name} of {sha[:7]}", partial(read_included, file.parent, top))


def _borrowed(
    session: Session, project: Project, folder: Path, data: Literal["today", "then"], digests: Mapping[str, str]
) -> dict[str, str]:
    """The paths of datasets that are taken from the checkout, and where they lie there."""
    if data == "then":
        # Of a folder whose files git ignores the commit may have a placeholder.
        same = {(one.path, one.digest) for one in session.resolver.datasets.values()}
        return {
            one.path: one.path
            for one in project.datasets
            if not one.uri and ((one.path, digests.get(one.name)) in same or not (folder / one.path).exists())
        }
    today = {one.name: one.path for one in session.project.datasets}
    return {one.path: today[one.name] for one in project.datasets if one.name in today}


def _datasets(
    session: Session, project: Project, snapshot: BorrowingSnapshot, borrowed: Mapping[str, str]
) -> dict[str, DatasetVersion]:
    known = {version.path: version for version in session.resolver.datasets.values()}

    def version(dataset: Dataset) -> DatasetVersion:
        if found := known.get(borrowed.get(dataset.path, "")):
            return replace(found, path=dataset.path)
        return dataset_versions([dataset], snapshot, content_facts(session.environ))[dataset.name]

    return {dataset.name: version(dataset) for dataset in project.datasets}


def _environment(session: Session, project: Project, lock: EnvironmentLock | None, folder: Path) -> Environment:
    asked_for = choose_environment(project.environment, folder, session.cache, session.environ)
    if lock is None:
        return asked_for
    if lock.kind == "interpreter":
        return InterpreterEnvironment(session.environ)
    recorded = digest_of_bytes(lock.text.encode())
    if recorded != lock.digest and asked_for.lock().digest == lock.digest:
        return asked_for  # what is on record lacks a password, which the commit's own file has or asks for
    # What is built of another text than was locked must never be taken for what was.
    return recorded_environment(replace(lock, digest=recorded), folder, session.cache, session.environ)


def _changed_software(then: EnvironmentLock, now: EnvironmentLock) -> tuple[Change, ...]:
    def named(lock: EnvironmentLock) -> dict[str, str]:
        packages = {package.name: package.version for package in locked_packages(lock)}
        return {"python": lock.python, "platform": lock.platform, **packages}

    before, after = named(then), named(now)
    names = sorted({*before, *after})
    return tuple(Change(one, before.get(one), after.get(one)) for one in names if before.get(one) != after.get(one))
