"""Tells the receivers of events, and says what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.output import echo
from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.clock import now
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import MlopsError
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.places import (
    PROJECT_FILE,
    find_project_file,
    load_project_file,
    workspace_to_read,
    workspace_to_write,
)
from mlops_ci.lifecycle.triggering import Told, Triggering, first_failure
from mlops_ci.project.project import Project
from mlops_ci.registry.model_log import ModelLog


def project_of(path: Path) -> Project:
    """The project at a path."""
    file = find_project_file(path)
    return load_project_file(file)


def triggering_to_deliver(project: Project, path: Path, workspace: str | None, *, host: str) -> Triggering:
    """The receivers of a project, and its model's log, to deliver from."""
    store = workspace_to_write(workspace, path, host=host, environ=os.environ, watch=Transfers())
    return Triggering(project, lambda: log_in(store, project.model.name), os.environ, now)


def triggering_to_look_at(project: Project, path: Path, workspace: str | None) -> Triggering:
    """The receivers of a project, and its model's log, to which nothing is written."""
    store = workspace_to_read(workspace, path, Transfers())
    return Triggering(project, lambda: log_in(store, project.model.name), os.environ, now)


def triggering_for(model: str, log: ModelLog, path: Path) -> Triggering | None:
    """The receivers of a model that is written to by hand; None unless there is a project of that model here.

    Raises:
        UsageError: there is a project, and it is broken.
    """
    if not (path.is_file() or (path / PROJECT_FILE).is_file()):
        return None
    project = project_of(path)
    if project.model.name != model or not project.triggers:
        return None
    return Triggering(project, lambda: log_in(log.store, model), os.environ, now)


def tell(triggering: Triggering, host: str, only: str | None = None) -> tuple[Told, ...]:
    """Deliver what is due, and print what became of it, a line each, to stderr."""
    told = triggering.deliver(only)
    say = _safely(host)
    for one in told:
        for event in one.sent:
            say(f"trigger {one.sink}: told of {event}")
        for event in one.superseded:
            say(f"trigger {one.sink}: {event} is outdated and was not told")
        if one.held_up == "claimed by another":
            say(f"trigger {one.sink}: another job is telling, or was; the rest follows with the next run")
    failure = first_failure(told)
    for one in told:
        if one.error and one.error is not failure:
            say(one.error.line())
    return told


def as_plain(told: tuple[Told, ...]) -> list[dict[str, Any]]:
    """What became of the events, for programs."""
    return [
        {
            "sink": one.sink,
            "sent": one.sent,
            "superseded": one.superseded,
            "held_up": one.held_up,
            "error": one.error.line() if one.error else None,
        }
        for one in told
    ]


def tell_or_raise(triggering: Triggering, host: str, only: str | None = None) -> None:
    """Deliver what is due; once all is done and said, raise the first failure.

    Raises:
        MlopsError: a receiver could not be told.
    """
    if failure := first_failure(tell(triggering, host, only)):
        raise failure


def warn(error: MlopsError, host: str) -> None:
    """Print an error that does not decide how the command ends."""
    _safely(host)(error.line())


def _safely(host: str) -> Callable[[str], None]:
    redact = redactor_for(os.environ)
    neutralise = select_host(host, os.environ, click.echo).neutralise
    return lambda line: echo(neutralise(redact(line)), err=True)
