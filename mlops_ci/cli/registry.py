"""``register`` and ``promote``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.logs import log_to_write
from mlops_ci.cli.options import (
    argument,
    host_option,
    json_option,
    option,
    project_option,
    workspace_option,
)
from mlops_ci.cli.output import echo, hand_on, print_json
from mlops_ci.cli.telling import tell_or_raise, triggering_for
from mlops_ci.lifecycle.external import ExternalModel, register_external
from mlops_ci.project.names import parse_tags, require_alias
from mlops_ci.registry.promote import Anywhere, move_alias
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.registry.register import Registered

_FILE = click.Path(path_type=Path)


def _version_number(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """``12`` or ``v12``, as versions are shown."""
    if value is None:
        return None
    number = value.removeprefix("v")
    if not (number.isascii() and number.isdigit()):
        raise click.BadParameter(f"{value!r} is not a version; write 12 or v12", context, parameter)
    return int(number)


@click.command()
@option("--model", required=True, metavar="NAME")
@option("--file", "files", type=_FILE, multiple=True, required=True, help="File or folder; repeatable.")
@option("--commit", metavar="SHA", help="The commit it comes from.")
@option("--metrics", type=_FILE, help="Numbers, as a JSON object.")
@option("--params", type=_FILE, help="Parameters, as a JSON or YAML mapping.")
@option("--signature", type=_FILE, help="What it eats and answers, as JSON: inputs and outputs with name and type.")
@option("--inputs", type=_FILE, help="A table of what it eats: gives the signature, and rows to try an endpoint with.")
@option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@option(
    "--on-existing",
    type=click.Choice(["keep", "error"]),
    default="keep",
    show_default=True,
    help="If the same commit and fingerprint is registered with other bytes.",
)
@option("--fingerprint", metavar="TEXT", help="What the model is made of.  [default: a digest of what is given]")
@project_option
@workspace_option
@host_option
@json_option
def register(
    *, model: str, tags: tuple[str, ...], project: Path, workspace: str | None, host: str, as_json: bool, **what: Any
) -> None:
    """Register a model trained anywhere. The same model again is the same version."""
    external = ExternalModel(tags=parse_tags(tags), **what)
    log = log_to_write(workspace, project, model, host=host)
    triggering = triggering_for(model, log, project)
    if triggering:
        triggering.listen()
    done = log.together(lambda: register_external(log, external, environ=os.environ, project=project))
    hand_on(host, {"model": model, "version": str(done.version.version)})
    if as_json:
        print_json(done.version)
    else:
        echo(_registered(model, done))
    if triggering:
        tell_or_raise(triggering, host)


def _registered(model: str, done: Registered) -> str:
    how = {"created": "registered", "linked": "known already; linked to the commit", "existing": "known already"}
    other = ", though with other bytes, which stay" if done.differs else ""
    return f"{model} v{done.version.version}: {how[done.how]}{other}"


@click.command()
@argument("reference", help="The version: model@v12, model@<sha> or model@alias.")
@option("--alias", metavar="NAME", default="champion", show_default=True, help="The alias to move.")
@option("--expect", callback=_version_number, metavar="VERSION", help="Refuse unless the alias points there now.")
@option("--rollback", is_flag=True, help="Allow an older version than the present one.")
@option("--reason", metavar="TEXT", help="Why; kept in the log.")
@project_option
@workspace_option
@host_option
def promote(
    reference: str,
    alias: str,
    expect: int | None,
    rollback: bool,
    reason: str | None,
    project: Path,
    workspace: str | None,
    host: str,
) -> None:
    """Point an alias at a version, by your decision: MODEL@v12, MODEL@<sha>, MODEL@other-alias."""
    parsed = parse_reference(reference)
    require_alias(alias)
    log = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
    triggering = triggering_for(parsed.model, log, project)
    if triggering:
        triggering.listen()
    version = resolve(log.read(), parsed.selector).version
    known = Anywhere.ANYWHERE if expect is None else expect
    outcome = move_alias(log, alias, version, rollback=rollback, reason=reason, expect=known)
    hand_on(host, {"model": parsed.model, "version": str(version), "changed": str(outcome != "unchanged").lower()})
    echo(f"{parsed.model}@{alias} {'is' if outcome == 'unchanged' else 'is now'} v{version}")
    if triggering:
        tell_or_raise(triggering, host)
