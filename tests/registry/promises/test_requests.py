"""How many requests the commands of a job cost, counted before a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.__main__ import run
from mlops_ci.registry.tags import set_tags
from tests.parts.backends import PARAMETERS, Backend
from tests.parts.faulty_proxy import faulty_proxy
from tests.parts.loopback import Request
from tests.registry.making import open_log

pytestmark = [pytest.mark.parametrize("backend", [PARAMETERS["s3"]], indirect=True)]


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def counted(backend: Backend, requests: list[str]) -> Iterator[str]:
    """The workspace's URL, at which every request is counted."""

    def count(request: Request) -> None:
        requests.append(f"{request.method} {request.path}")

    assert backend.bucket
    assert backend.url
    with faulty_proxy(backend.bucket.endpoint, count) as endpoint:
        yield backend.url.replace(backend.bucket.endpoint, endpoint)


def _register(url: str, folder: Path, number: int) -> None:
    (folder / "model.bin").write_bytes(b"weights %d" % number)
    assert run(["register", "--model", "coin", "--file", str(folder / "model.bin"), "--workspace", url]) == 0


def test_a_cold_download_of_the_champion_takes_four_requests_and_one_for_its_file(
    backend: Backend, counted: str, requests: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        _register(counted, tmp_path, number)
    assert run(["promote", "coin@v2", "--workspace", counted]) == 0
    log = open_log(backend.open(), "coin")
    for number in range(8):
        set_tags(log, 1, {"turn": str(number)})
    requests.clear()
    assert run(["models", "download", "coin@champion", "here", "--workspace", counted]) == 0
    assert (tmp_path / "here" / "model.bin").read_bytes() == b"weights 1"
    files = [request for request in requests if "/objects/" in request]
    assert (len(files), len(requests) - len(files)) == (1, 4), requests


def test_a_small_model_is_registered_in_few_requests(
    counted: str, requests: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _register(counted, tmp_path, 0)
    requests.clear()
    _register(counted, tmp_path, 1)
    assert len(requests) <= 13, requests
