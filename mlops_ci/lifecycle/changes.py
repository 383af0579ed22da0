"""What changed since the version that a candidate is compared with."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import MlopsError
from mlops_ci.lifecycle.differences import COMMITS, deciding_verdict, recorded_run, recorded_version
from mlops_ci.lifecycle.session import Session
from mlops_ci.lineage.difference import difference
from mlops_ci.project.paths import contains
from mlops_ci.records.commit import Commit
from mlops_ci.records.difference import Difference, FileChange
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.state import ModelState


def changes_since(session: Session, state: ModelState, version: ModelVersion, run: Run, verdict: Verdict) -> Difference:
    """Compare a run with a registered version: commits, code, parameters, data, environment, rules.

    The metrics are for the verdict to compare. Files are those that the run is made of.

    Args:
        session: the session of the run.
        state: the registry's state.
        version: the version compared with.
        run: the run.
        verdict: its verdict.
    """
    name = f"v{version.version}"
    known = deciding_verdict(session.log(), state, version)
    before, notes = recorded_version(session.store, version, known, name)
    after = recorded_run(run, verdict, session.commit.short)
    return difference(
        replace(before, metrics={}),
        replace(after, metrics={}),
        commits=_commits(session, version.commit),
        files=_changed_inputs(session, version.commit) if version.commit else None,
        notes=notes,
    )


def _commits(session: Session, since: str | None) -> tuple[Commit, ...] | None:
    """The commits since then; None if finding out would take fetching a shallow clone's history."""
    if since is None or session.checkout.shallow:
        return None
    try:
        return session.checkout.commits_between(since, session.checkout.head, COMMITS, session.redact)
    except MlopsError:
        return None  # history was rewritten


def _changed_inputs(session: Session, commit: str) -> tuple[FileChange, ...] | None:
    """What a run is made of and differs from a commit, apart from parameters and data; None if it is not known."""
    try:
        found = {change.path: change for change in session.checkout.file_changes(commit, session.checkout.head)}
    except MlopsError:
        return None  # a shallow clone without that commit
    project, resolver = session.project, session.resolver
    own = {project.params.path, *(dataset.path for dataset in project.datasets)}
    read = {
        resolver.snapshot.repository_path(path, declared=step.name)
        for step in project.steps
        for path in resolver.source_files(step)
        if not any(name and contains(name, path) for name in own)
    }
    for path in (session.project_file, *project.includes):
        read.add(resolver.snapshot.repository_path(path, declared="the project"))
    for path in session.dirty.paths if session.dirty else ():
        found.setdefault(path, FileChange(path, "modified" if path in session.checkout.tracked else "added"))
    # A file that is gone was read if it lay where a step still reads.
    folders = {
        resolver.snapshot.repository_path(path, declared=step.name)
        for step in project.steps
        for path in step.inputs or ()
    }
    return tuple(
        found[path]
        for path in sorted(found)
        if path in read or (found[path].status == "deleted" and any(contains(folder, path) for folder in folders))
    )
