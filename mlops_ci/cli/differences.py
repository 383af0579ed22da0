"""``runs diff`` and ``models diff``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import json_option, project_option, workspace_option
from mlops_ci.cli.output import coloured, echo, print_json, width
from mlops_ci.cli.references import whole_reference
from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.differences import Past, compare
from mlops_ci.lifecycle.history import RUN_ID
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.project.names import require_model_name
from mlops_ci.report.difference import render_difference
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote


@click.command("diff")
@click.argument("before")
@click.argument("after")
@project_option
@workspace_option
@json_option
def diff_runs(before: str, after: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Tell what differs between two runs.

    A version may stand for the run that made it: MODEL@champion, MODEL@v12, MODEL@<sha>.
    """
    _show(before, after, project, workspace, as_json=as_json)


@click.command("diff")
@click.argument("before")
@click.argument("after")
@project_option
@workspace_option
@json_option
def diff_versions(before: str, after: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Tell what differs between two versions.

    BEFORE and AFTER are MODEL@champion, MODEL@v12 or MODEL@<sha>. Where a model is not named (champion, v12) it is
    that of the other reference, or that of the project. A run may stand for a version.
    """
    _show(_whole(before, after, project), _whole(after, before, project), project, workspace, as_json=as_json)


def _whole(text: str, other: str, project: Path) -> str:
    if "@" in text or RUN_ID.match(text):
        return text
    if "@" in other:
        return f"{other.partition('@')[0]}@{text}"
    whole = whole_reference(text, project)
    if "@" not in whole:
        hint = "write MODEL@champion, MODEL@v12 or MODEL@<sha>"
        raise UsageError("the reference names no model or no version", where=repr(text[:80]), hint=hint)
    return whole


def _show(before: str, after: str, project: Path, workspace: str | None, *, as_json: bool) -> None:
    store = workspace_to_read(workspace, project, Transfers())
    folder = project if project.is_dir() else project.parent
    past = Past(
        store,
        lambda model: log_in(store, require_model_name(model)),
        _checkout(folder),
        redactor_for(os.environ),
    )
    found = compare(past, before, after)
    if as_json:
        print_json(found)
    else:
        echo(render_difference(found, width=width(), colour=coloured()), nl=False)


def _checkout(folder: Path) -> Checkout | None:
    lent = select_host("auto", os.environ, echo).git_settings()
    try:
        return Checkout(folder, partial(find_remote, "git+origin", folder, os.environ, lent))
    except UsageError:
        return None
