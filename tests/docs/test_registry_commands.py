"""Every command of the documents about the registry and about past runs can be given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mlops_ci.cli.main import cli

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["registry.md", "reproducing.md"])
def test_every_command_can_be_given(name: str) -> None:
    found = "\n".join(re.findall(r"```sh\n(.*?)```", (DOCS / name).read_text("utf-8"), re.DOTALL))
    lines = [line for line in found.splitlines() if line.startswith("mlops-ci ")]
    assert len(lines) >= 4
    for line in lines:
        command: click.Command = cli
        context = click.Context(cli)
        _, *words = shlex.split(line, comments=True)
        while isinstance(command, click.Group):
            inner = command.get_command(context, words.pop(0))
            assert inner is not None, line
            command = inner
        command.make_context(line, words)


def test_the_ages_of_the_document_are_those_of_the_command() -> None:
    text = (DOCS / "workspaces.md").read_text("utf-8")
    context = click.Context(cli)
    group = cli.get_command(context, "workspace")
    assert isinstance(group, click.Group)
    options = {name for option in group.commands["gc"].params for name in option.opts if name.endswith("older-than")}
    assert {"--older-than"} | set(re.findall(r"\| `(--[a-z-]+-older-than)` \|", text)) == options
