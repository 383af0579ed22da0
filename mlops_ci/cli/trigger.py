"""``trigger``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from mlops_ci.cli.options import host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json
from mlops_ci.cli.telling import as_plain, project_of, tell, triggering_to_deliver, triggering_to_look_at
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.triggering import Rehearsed, Triggering, first_failure
from mlops_ci.project.triggers import EVENTS
from mlops_ci.records.event import EventName
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.triggers.rehearsal import Shown


@click.command()
@option("--dry-run", is_flag=True, help="Print the requests, with secrets masked; send and claim nothing.")
@option("--sink", metavar="NAME", help="Only this trigger.")
@option("--reference", metavar="REF", help="With --dry-run: as if it happened to this version, such as m@v12.")
@option(
    "--event",
    type=click.Choice(EVENTS),
    default="model-promoted",
    show_default=True,
    metavar="EVENT",
    help="What happened: a key under 'triggers' in mlops.yaml.",
)
@project_option
@workspace_option
@host_option
@json_option
def trigger(
    *,
    dry_run: bool,
    sink: str | None,
    reference: str | None,
    event: EventName,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Tell those whom mlops.yaml names under triggers what is due.

    Each event reaches each receiver at least once, in order and under an id that never changes; `ci`, `register` and
    `promote` do the same at their end. What failed is due again the next time.
    """
    if reference and not dry_run:
        raise UsageError("--reference only goes with --dry-run", hint="what is due is told without it")
    loaded = project_of(project)
    if dry_run:
        looking = triggering_to_look_at(loaded, project, workspace)
        _show(_rehearsed(looking, reference, event, sink), as_json=as_json)
        return
    told = tell(triggering_to_deliver(loaded, project, workspace, host=host), host, sink)
    if as_json:
        print_json(as_plain(told))
    elif not any(one.sent or one.superseded or one.held_up or one.error for one in told):
        echo("nothing is due" if loaded.triggers else "mlops.yaml has no triggers")
    if failure := first_failure(told):
        raise failure


def _rehearsed(
    triggering: Triggering, reference: str | None, event: EventName, sink: str | None
) -> Iterable[Rehearsed]:
    if reference is None:
        return triggering.due(sink)
    parsed, log = parse_reference(reference), triggering.newsroom().log
    if parsed.model != log.model:
        raise UsageError(f"the triggers are of {log.model}, not of {parsed.model}", hint="name its --project")
    return triggering.rehearse(resolve(log.read(), parsed.selector).version, event, sink)


def _show(rehearsed: Iterable[Rehearsed], *, as_json: bool) -> None:
    """Print requests, and raise the first error when all is said."""
    all_of_them = list(rehearsed)
    if as_json:
        print_json([{"sink": one.sink, "event": one.event, "requests": one.requests} for one in all_of_them])
    elif not all_of_them:
        echo("nothing is due")
    for one in all_of_them:
        for request in () if as_json else one.requests:
            echo(f"# {one.sink}: {one.event}\n{_text(request)}\n")
    for one in all_of_them:
        if one.error:
            raise one.error


def _text(request: Shown) -> str:
    head = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers.items())]
    body = "" if request.body is None else "\n\n" + json.dumps(request.body, indent=2)
    return "\n".join(head) + body
