"""What a document says of options is true."""

from __future__ import annotations

import re
from pathlib import Path

import click

from mlops_ci.cli.main import cli

DOCS = Path(__file__).parents[2] / "docs"


def test_the_ages_of_the_document_are_those_of_the_command() -> None:
    text = (DOCS / "workspaces.md").read_text("utf-8")
    context = click.Context(cli)
    group = cli.get_command(context, "workspace")
    assert isinstance(group, click.Group)
    options = {name for option in group.commands["gc"].params for name in option.opts if name.endswith("older-than")}
    assert {"--older-than"} | set(re.findall(r"\| `(--[a-z-]+-older-than)` \|", text)) == options
