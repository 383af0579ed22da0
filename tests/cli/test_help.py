"""Help that teaches."""

from __future__ import annotations

import click
import pytest

from mlops_ci.__main__ import run
from mlops_ci.cli.main import cli
from tests.conftest import Golden


def commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += commands(inner, (*path, name))
    return found


def test_the_help_of_every_verb(
    golden: Golden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    texts = []
    for path in commands(cli):
        assert run([*path, "--help"]) == 0
        texts.append(f"$ mlops-ci {' '.join([*path, '--help'])}\n{capsys.readouterr().out}")
    text = "\n".join(texts)
    golden("help.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_without_arguments_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert capsys.readouterr().out.startswith("Usage: mlops-ci")
