"""``events``: list, test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.telling import project_of, triggering_to_deliver
from mlops_ci.edge.clock import now
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.lifecycle.event_history import Delivery, Heard, event_history
from mlops_ci.lifecycle.news import newsroom_of
from mlops_ci.lifecycle.places import PROJECT_FILE
from mlops_ci.project.receivers import Receiver
from mlops_ci.registry.references import require_known


@click.group()
def events() -> None:
    """List events and what became of them; test a receiver."""


@events.command("list")
@click.option("--model", metavar="NAME", help="The model.  [default: that of mlops.yaml]")
@project_option
@workspace_option
@json_option
def list_events(model: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """List registrations, promotions and deployments, oldest first, and what became of each at each receiver."""
    receivers: tuple[Receiver, ...] = ()
    if model is None or project.is_file() or (project / PROJECT_FILE).is_file():
        loaded = project_of(project)
        model = model or loaded.model.name
        receivers = loaded.triggers if model == loaded.model.name else ()
    log = log_to_read(workspace, project, model)
    require_known(log.read())
    history = list(event_history(newsroom_of(log), receivers, now))
    if as_json:
        print_json(history)
        return
    print_table(("when", "event", "version", "told"), (row for heard in history for row in _rows(heard)))


@events.command()
@click.argument("sink")
@project_option
@workspace_option
@host_option
def test(sink: str, project: Path, workspace: str | None, host: str) -> None:
    """Send the trigger SINK an event that says it is a test: its id begins with test-, its version is 0."""
    identity, receipt = triggering_to_deliver(project_of(project), project, workspace, host=host).test(sink)
    answer = f", which answered: {redactor_for(os.environ)(receipt)}" if receipt else ""
    echo(f"{identity} was taken by {sink}{answer}")


def _rows(heard: Heard) -> Iterator[tuple[str, ...]]:
    """The first line has the event, each one a receiver."""
    news = heard.event.data
    what = f"{news.event} ({where})" if (where := news.alias or news.deployment) else news.event
    first = (heard.event.time[:16].replace("T", " "), what, f"v{news.version}")
    lines = [_line(delivery) for delivery in heard.deliveries] or ["nobody"]
    yield *first, lines[0]
    for line in lines[1:]:
        yield "", "", "", line


def _line(delivery: Delivery) -> str:
    tries = f" after {delivery.attempts} tries" if delivery.attempts > 1 else ""
    why = delivery.receipt or (delivery.reason or "").partition("; ")[0]  # where and what to do is in the JSON
    return f"{delivery.sink}: {delivery.status}{tries}" + (f" ({why})" if why else "")
