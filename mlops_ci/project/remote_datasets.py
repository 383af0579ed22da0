"""Checks of datasets that are at an address."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from mlops_ci.project.addresses import address_problem
from mlops_ci.project.graph import makes
from mlops_ci.project.paths import escapes
from mlops_ci.project.project import Dataset, Project
from mlops_ci.project.yaml12 import Path

_HTTP = ("https://", "http://")


def is_folder(uri: str) -> bool:
    """Whether an address means all that lies below it."""
    return uri.partition("?")[0].endswith("/")


def is_http(uri: str) -> bool:
    """Whether an address is that of a web server, not of an object storage."""
    return uri.startswith(_HTTP)


def remote_dataset_findings(project: Project) -> Iterator[tuple[Path, str, str | None]]:
    """All that is wrong with the addresses of datasets: where, what, and what to do."""
    for dataset in project.datasets:
        if dataset.uri:
            here: Path = ("datasets", dataset.name)
            for key, what, hint in _of_address(dataset, dataset.uri):
                yield (*here, key), what, hint
            if escapes(dataset.path) or dataset.path == ".":
                yield (*here, "path"), "the path must lie below the folder of this file", None
            if any(makes(step, dataset.path) for step in project.steps):
                yield (*here, "path"), f"{dataset.path!r} is written by a step", "choose another path"


def _of_address(dataset: Dataset, uri: str) -> Iterator[tuple[str, str, str | None]]:
    if is_http(uri):
        problem: tuple[str, str | None] | None = address_problem(uri)
        if problem is None and ("?" in uri or "#" in uri):
            problem = "an address of data takes no query: it is kept with every run, and may be a credential", None
        if problem:
            yield "uri", *problem
        elif urlsplit(uri).path in {"", "/"} or is_folder(uri):
            yield "uri", "a web server lists no folders", "name a file, or keep the folder in s3://, az:// or gs://"
        if dataset.fingerprint == "version":
            yield "fingerprint", "a web server has no versions", "use etag or content"
    elif "/" not in uri.partition("?")[0].partition("://")[2]:
        yield "uri", "the address names no object", "add its key, or a slash for all that is there"
    elif is_folder(uri) and dataset.fingerprint == "version":
        yield "fingerprint", "a listing of a folder tells no versions", "use etag or content"
