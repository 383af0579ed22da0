"""Pins and foreign files from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.__main__ import run
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import hint_key, log_key
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, registration, sha
from tests.support.lab import tree_bytes


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    store = LocalStore(tmp_path / "workspace")
    initialise(store)
    register(open_log(store, "fraud"), registration(tmp_path / "sources", sha(1), "f1"))
    move_alias(open_log(store, "fraud"), "champion", 1, rollback=False, reason=None)
    set_tags(open_log(store, "fraud"), 1, {"a": "b"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MLOPS_CI_WORKSPACE", store.url)
    monkeypatch.setenv("MLOPS_CI_HOST", "local")
    monkeypatch.delenv("MLOPS_CI_PINS", raising=False)
    return store


COMMANDS = [
    "models list", "models list --model fraud", "models search --tag a=b", "models show fraud@champion",
    "models history fraud", "models download fraud@champion out", "models tag fraud@v1 c=d",
    "promote fraud@v1 --alias other", "workspace check", "workspace info", "workspace gc", "workspace pins",
]  # fmt: skip


def _pins(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["workspace", "pins"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_a_log_that_was_rolled_back(
    store: LocalStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("MLOPS_CI_PINS", _pins(capsys))
    assert run(["models", "list"]) == 0
    store.delete(log_key("fraud", 3))
    store.delete(hint_key("fraud"))
    before = tree_bytes(store.root)
    assert run(command.split()) == 5
    shown = capsys.readouterr()
    assert "rolled back" in shown.out + shown.err
    assert tree_bytes(store.root) == before
    monkeypatch.delenv("MLOPS_CI_PINS")
    assert run(command.split()) == 0


def test_a_model_that_has_vanished_is_refused_by_its_pin(
    store: LocalStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pins = _pins(capsys).strip()
    assert run(["workspace", "check", "--pins", pins]) == 0
    (tmp_path / "workspace" / "models" / "fraud").rename(tmp_path / "away")
    assert run(["workspace", "check", "--pins", pins]) == 5


@pytest.mark.parametrize(
    "command", ["models list", "models show fraud@v1", "models tag fraud@v1 c=d", "workspace check"]
)
def test_malformed_pins_are_a_usage_error(
    store: LocalStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("MLOPS_CI_PINS", "fraud:1")
    assert run(command.split()) == 2
    assert "not a pin" in capsys.readouterr().err


def test_foreign_files_are_no_models_and_are_counted(
    store: LocalStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for path in (
        "notes.txt",
        "backup/models/x/log/1",
        "models/README.md",
        "models/Not A/log/x",
        "models/.git/config",
    ):
        file = tmp_path / "workspace" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("foreign")
    assert run(["models", "list"]) == 0
    assert "Not A" not in capsys.readouterr().out
    assert run(["workspace", "check", "--read-data"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("fraud: 3 entries")
    assert len(shown.splitlines()) == 2
    assert run(["workspace", "info"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("not ours"))
    assert line.split()[2:4] == ["2", "14"]
