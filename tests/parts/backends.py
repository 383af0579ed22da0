"""The backends of workspaces, as fixtures for all tests. To add one: write its opener, and name it in ``BACKENDS``.

A plugin of pytest, so that each service is started once, whatever folder its tests are in.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.azurite import azurite
from tests.parts.bucket import Bucket
from tests.parts.gcs import Google, google
from tests.parts.git_http import Repository, git_host
from tests.parts.seaweed import seaweed
from tests.workspace.memory import MemoryStore

_HERE = {"local", "memory", "split"}  # a system call away


@dataclass(frozen=True)
class Backend:
    """A fresh workspace.

    ``open`` gives another client of it; ``url`` is what other processes open, None where they cannot. A ``flat``
    backend holds both ``a`` and ``a/b``. What lies behind it is a ``bucket``, or a ``repository``, or neither.
    """

    open: Callable[[], Store]
    url: str | None
    flat: bool
    name: str = ""
    bucket: Bucket | None = None
    repository: Repository | None = None

    def rounds(self, count: int) -> int:
        """How many of the rounds of a repeated test this backend takes: a request takes longer than a system call."""
        if self.name == "git":  # which promises convergence, not speed
            return max(2, count // 10)
        if self.name == "s3":  # a lock of SeaweedFS is polled once a second
            return max(1, count // 10)
        return count if self.name in _HERE else max(1, count // 4)


def _local(folder: Path, request: pytest.FixtureRequest) -> Backend:
    root = folder / "workspace"
    return Backend(lambda: LocalStore(root), str(root), flat=False, name="local")


def _memory(folder: Path, request: pytest.FixtureRequest) -> Backend:
    store = MemoryStore()
    return Backend(lambda: store, None, flat=True, name="memory")


def _git(folder: Path, request: pytest.FixtureRequest) -> Backend:
    request.getfixturevalue("monkeypatch").setenv("MLOPS_CI_CACHE_DIR", str(folder / "cache"))
    repository = git_host().repository()
    url = f"git+{repository.url}"
    return Backend(lambda: open_store(url, folder), url, flat=False, name="git", repository=repository)


def _split(folder: Path, request: pytest.FixtureRequest) -> Backend:
    url = f"{folder / 'log'},files={folder / 'files'}"
    return Backend(lambda: open_store(url, folder), url, flat=False, name="split")


def _remote(name: str) -> Callable[[Path, pytest.FixtureRequest], Backend]:
    def make(folder: Path, request: pytest.FixtureRequest) -> Backend:
        bucket: Bucket = request.getfixturevalue(name)
        url = bucket.url(f"tests/{uuid.uuid4().hex}")
        return Backend(lambda: open_store(url, folder), url, flat=True, name=name, bucket=bucket)

    return make


BACKENDS: dict[str, Callable[[Path, pytest.FixtureRequest], Backend]] = {
    "local": _local,
    "memory": _memory,
    "split": _split,
    "s3": _remote("s3"),
    "azure": _remote("azure"),
    "gcs": _remote("gcs"),
    "git": _git,
}
# The tests of one service run in one worker of pytest: each is started once.
PARAMETERS = {
    name: pytest.param(name, marks=() if name in _HERE else pytest.mark.xdist_group(name)) for name in sorted(BACKENDS)
}


@pytest.fixture(params=PARAMETERS.values())
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path, request)


@pytest.fixture(scope="session")
def _s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with seaweed(tmp_path_factory.mktemp("seaweed") / "server") as bucket:
        yield bucket


@pytest.fixture(scope="session")
def _azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with azurite(tmp_path_factory.mktemp("azurite") / "server") as bucket:
        yield bucket


@pytest.fixture
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the clouds that the machine or its user may know of takes part."""
    for name in os.environ:
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "GCE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))


def _with_credentials(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in bucket.environ.items():
        monkeypatch.setenv(name, value)
    return bucket


@pytest.fixture
def s3(_s3: Bucket, no_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of SeaweedFS, and the environment of who may write there."""
    return _with_credentials(_s3, monkeypatch)


@pytest.fixture
def azure(_azure: Bucket, no_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A container of Azurite, and the environment of who may write there."""
    return _with_credentials(_azure, monkeypatch)


@pytest.fixture
def google_server(no_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """The stand-in for Google Cloud Storage, which no request of ours may surprise."""
    with google() as server:
        _with_credentials(server.bucket, monkeypatch)
        yield server
        assert server.complaints == []


@pytest.fixture
def gcs(google_server: Google) -> Bucket:
    """Its bucket, and the environment of who may write there."""
    return google_server.bucket
