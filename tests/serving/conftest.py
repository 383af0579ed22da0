"""A server that all tests of the protocols ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.server_process import ServerProcess
from tests.serving.small_models import ensemble, mixed_model, side_model, sum_model, write_package


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Two workers, with several models; ``sum`` is the default."""
    folder = tmp_path_factory.mktemp("package")
    models = [sum_model(folder), side_model(folder), mixed_model(folder)]
    write_package(folder, *models, ensemble("both", "sum", "sum"), workers=2, max_request=200_000, timeout=5.0)
    made = ServerProcess(folder, log=tmp_path_factory.mktemp("log") / "server.log")
    yield made
    assert made.stop() == 0, made.log.read_text("utf-8")
