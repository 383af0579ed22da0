"""Finds an entry script and what it reads, as of the latest commit that made a version."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.model_package import ReadCode
from mlops_ci.project.paths import escapes
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote

_WHERE = "serve in mlops.yaml"


def code_of_commit(checkout: Checkout, prefix: str) -> ReadCode:
    """Reads the code of the latest commit that made a version. ``prefix`` is the folder of ``mlops.yaml``."""
    return partial(_of_commit, checkout, prefix)


def code_for(folder: Path, host: str, environ: Mapping[str, str]) -> ReadCode:
    """Reads the code of versions in the repository around the folder of ``mlops.yaml``.

    Whatever is wrong with the repository is told when code is asked for: ONNX models need none.
    """

    def read(version: ModelVersion, paths: tuple[str, ...]) -> Mapping[str, bytes]:
        lent = select_host(host, environ, _unheard).git_settings()
        checkout = Checkout(folder, partial(find_remote, "git+origin", folder, environ, lent))
        prefix = os.path.relpath(folder.resolve(), checkout.root.resolve())
        return _of_commit(checkout, prefix, version, paths)

    return read


def _of_commit(checkout: Checkout, prefix: str, version: ModelVersion, paths: tuple[str, ...]) -> Mapping[str, bytes]:
    # A script that is mended makes no new version: the commit is then linked to the one that there is.
    commit = version.links[-1] if version.links else version.commit
    if commit is None:
        hint = "register it with --commit"
        raise UsageError(f"{version.model} v{version.version} has no commit to take the entry script from", hint=hint)
    found: dict[str, bytes] = {}
    for path in map(_inside, paths):
        files = checkout.files_at(commit, posixpath.normpath(posixpath.join(prefix, path)))
        if not files:
            hint = "commit it, and let mlops-ci ci run for that commit"
            raise UsageError(f"{path!r} is not in the commit {commit[:7]}", where=_WHERE, hint=hint)
        found |= {posixpath.relpath(name, prefix): data for name, data in files.items()}
    return found


def _unheard(line: str) -> None:
    """Says nothing: a host that is asked for settings has nothing to tell."""


def _inside(path: str) -> str:
    if escapes(path):
        hint = "code that is served lies below the folder of mlops.yaml"
        raise UsageError(f"{path!r} leads out of the project", where=_WHERE, hint=hint)
    return path
