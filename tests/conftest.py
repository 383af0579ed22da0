"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew; then review the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text that people read with the file of that name in the folder ``golden`` beside the test."""

    def compare(name: str, text: str) -> None:
        file = Path(request.path).parent / "golden" / name
        if request.config.getoption("--renew-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
        assert file.is_file(), f"{file} is missing: run make golden and review it"
        assert text == file.read_text("utf-8"), "if the change is meant, run make golden and review the diff"

    return compare


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine or of a CI service around the tests decides their outcome."""
    for name in ("CI", "GITHUB_ACTIONS", "TF_BUILD", "MLOPS_CI_WORKSPACE", "MLOPS_CI_PROJECT", "MLOPS_CI_HOST"):
        monkeypatch.delenv(name, raising=False)
