"""What changed since the version that a candidate is compared with."""

from __future__ import annotations

import json

from mlops_ci.errors import MlopsError
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.params import flatten
from mlops_ci.project.paths import contains
from mlops_ci.records.codec import encode
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.report import Changes
from mlops_ci.records.run import Run


def changes_since(session: Session, version: ModelVersion, commit: str | None, run: Run) -> Changes:
    """Compare a run with a registered version: code, parameters, data, environment.

    Args:
        session: the session of the run.
        version: the version compared with.
        commit: the commit it stands for.
        run: the run.
    """
    # As the registry keeps them: an infinity has no JSON form.
    old, new = flatten(version.params), flatten(json.loads(encode(run.params)))
    params = tuple(
        f"{key} {old.get(key, '(none)')} → {new.get(key, '(none)')}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    )
    data = tuple(
        name
        for name in sorted({*version.datasets, *run.datasets})
        if version.datasets.get(name) != (run.datasets[name].digest if name in run.datasets else None)
    )
    environment = () if version.environment in {None, run.environment.digest} else ("packages",)
    return Changes(
        since=f"v{version.version}",
        files=_changed_inputs(session, commit) if commit else None,
        params=params,
        data=data,
        environment=environment,
    )


def _changed_inputs(session: Session, commit: str) -> tuple[str, ...] | None:
    """What a run is made of and differs from a commit, apart from parameters and data; None if it is not known."""
    try:
        changed = session.checkout.changed_between(commit, session.checkout.head)
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
    dirty = session.dirty.paths if session.dirty else ()
    return tuple(path for path in sorted({*changed, *dirty}) if path in read)
