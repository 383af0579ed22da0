"""``gate override``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_write
from mlops_ci.cli.options import argument, host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, hand_on, print_json
from mlops_ci.cli.telling import tell_or_raise, triggering_for
from mlops_ci.project.names import require_alias
from mlops_ci.registry.override import override as override_verdict
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.report.wording import visible


@click.command(short_help="Promote a version that the gate did not let pass.")
@argument("reference", help="The version: model@v12, model@<sha> or model@alias.")
@option("--reason", required=True, metavar="TEXT", help="Why; kept in the log, with your name.")
@option("--alias", metavar="NAME", default="champion", show_default=True, help="The alias to move.")
@project_option
@workspace_option
@host_option
@json_option
def override(
    reference: str, reason: str, alias: str, project: Path, workspace: str | None, host: str, *, as_json: bool
) -> None:
    """Promote a version that the gate refused or could not judge: MODEL@v12, by your decision and with your reason.

    The log keeps who has decided so, why, and which verdict was overridden.
    """
    parsed = parse_reference(reference)
    require_alias(alias)
    log = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
    triggering = triggering_for(parsed.model, log, project)
    if triggering:
        triggering.listen()
    number = resolve(log.read(), parsed.selector).version
    done = override_verdict(log, alias, number, reason)
    hand_on(host, {"model": parsed.model, "version": str(number), "changed": str(done.moved).lower()})
    if as_json:
        print_json(log.read().require(number))
    else:
        said = f"{parsed.model}@{alias} {'is now' if done.moved else 'is'} v{number}"
        echo(f"{said}, overridden by {visible(done.record.by)}: {visible(done.record.reason)}")
    if triggering:
        tell_or_raise(triggering, host)
