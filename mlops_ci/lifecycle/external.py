"""Registers a model that was trained elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.gate.reading.evidence_file import read_numbers
from mlops_ci.lifecycle.stated_signature import stated_signature
from mlops_ci.pipeline.params import load_params
from mlops_ci.project.project import Params
from mlops_ci.records.codec import plain
from mlops_ci.records.commit import Commit
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, Registration, register
from mlops_ci.registry.tags import set_tags
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.source.checkout import Checkout

_FULL_SHA = re.compile(r"^[0-9a-f]{40}$")


@dataclass(frozen=True, slots=True)
class ExternalModel:
    """What somebody says of a model. ``fingerprint`` names what it is made of, if they know better than we do.

    ``inputs`` is a table of rows that the model eats: their columns are its signature, unless ``signature`` names those
    that it eats, and some of them are kept to try an endpoint with.
    """

    files: tuple[Path, ...]
    commit: str | None
    metrics: Path | None
    params: Path | None
    tags: dict[str, str]
    on_existing: Literal["keep", "error"]
    fingerprint: str | None
    signature: Path | None = None
    inputs: Path | None = None


def register_external(log: ModelLog, model: ExternalModel, *, environ: Mapping[str, str], project: Path) -> Registered:
    """Register it; the digest of its files and of what is stated is its fingerprint, unless one is stated.

    Args:
        log: the log of the model's name.
        model: the model.
        environ: the environment variables, whose secrets are kept out of the log.
        project: a folder of the repository that the commit is in, if it is here.

    Raises:
        UsageError: a file is missing, the commit is abbreviated and not in this repository, or the signature is none.
    """
    files = tuple(_files(model.files))
    numbers = read_numbers(model.metrics, called=str(model.metrics)) if model.metrics else {}
    params = load_params(Params(model.params.name, None), model.params.parent) if model.params else {}
    stated: Any = model.fingerprint or [sorted((f.record.path, f.record.digest) for f in files), numbers, params]
    commit, source = _commit(model.commit, environ, project)
    with scratch_folder() as scratch:
        signature, samples = stated_signature(model.signature, model.inputs, scratch)
        if signature:
            # The same files with another signature are another version: a version does not change.
            stated = [stated, plain(signature), samples.record.digest if samples else None]
        done = register(
            log,
            Registration(
                commit=commit,
                fingerprint=digest_of_value(stated),
                files=files,
                tags=model.tags,
                metrics=numbers,
                params=params,
                source=source,
                signature=signature,
                samples=samples,
                evaluation=Evaluation(numbers=numbers) if numbers else None,
            ),
            on_existing=model.on_existing,
        )
    return replace(done, version=set_tags(log, done.version.version, model.tags))


def _commit(text: str | None, environ: Mapping[str, str], project: Path) -> tuple[str | None, Commit | None]:
    if text is None:
        return None, None
    try:
        checkout = Checkout(project if project.is_dir() else project.parent)
        sha = checkout.resolve(text)
    except UsageError:
        # A whole SHA may well be of another repository; an abbreviated one has to be found here.
        if _FULL_SHA.match(text):
            return text, None
        raise
    return sha, checkout.describe(sha, redactor_for(environ))


def _files(paths: tuple[Path, ...]) -> Iterator[LocalFile]:
    seen: set[str] = set()
    for given in paths:
        path = given.resolve()  # so that even ".." has a name
        found = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        if not found or not found[0].is_file():
            raise UsageError("no such file, or an empty folder", where=str(path))
        for file in found:
            name = file.relative_to(path.parent).as_posix() if path.is_dir() else file.name
            if name in seen:
                raise UsageError(f"two files are called {name!r}", where=str(file), hint="name their folder instead")
            seen.add(name)
            yield LocalFile(FileRecord(name, digest_of_file(file), file.stat().st_size), partial(Path, file))
