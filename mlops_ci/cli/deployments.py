"""``deployments``: list, show, check, logs, rollback, delete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from mlops_ci.cli.deploy import report
from mlops_ci.cli.deployment_site import here
from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import argument, host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, hand_on, print_json, print_table
from mlops_ci.cli.telling import project_of
from mlops_ci.cli.transfers import Transfers
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.lifecycle.deploying import rollback as roll_back
from mlops_ci.lifecycle.deployment_orders import Orders
from mlops_ci.lifecycle.deployment_upkeep import Checked
from mlops_ci.lifecycle.deployment_upkeep import check as check_site
from mlops_ci.lifecycle.deployment_upkeep import delete as delete_site
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.registry.deploy import write_off
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.report.wording import visible

_name = argument("name", help="The deployment, as mlops.yaml has it under deploy.")


@click.group()
def deployments() -> None:
    """List, show, check, roll back and delete deployments; read their logs."""


@deployments.command("list")
@click.option("--model", metavar="NAME", help="Only of this model.")
@project_option
@workspace_option
@json_option
def list_deployments(model: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """List what serves where, of all models of the workspace."""
    found = list(_known(project, workspace, model))
    if as_json:
        print_json([{"model": name, "deployment": state} for name, state in found])
    elif not found:
        echo("no deployments")
    else:
        print_table(
            ("deployment", "model", "version", "health", "target", "since", "url"),
            (
                (
                    state.name,
                    name,
                    f"v{state.version}",
                    _health(state),
                    state.instance.target if state.instance else "",
                    state.since[:16].replace("T", " "),
                    visible((state.instance.url if state.instance else None) or ""),
                )
                for name, state in found
            ),
        )


@deployments.command()
@_name
@project_option
@workspace_option
@json_option
def show(name: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Show the deployment NAME as the log of its model tells it; its place is not asked."""
    model = project_of(project).model.name
    known = {state.name: state for _, state in _known(project, workspace, model)}.get(name)
    if known is None:
        raise UsageError(f"nothing is deployed as {name!r}", where=model, hint="see mlops-ci deployments list")
    if as_json:
        print_json({"model": model, "deployment": known})
        return
    for label, text in _rows(model, known):
        if text:
            echo(f"{click.style(f'{label:<12}', dim=True)}{visible(text)}")


@deployments.command()
@argument("name", required=False, help="The deployment; default: all of mlops.yaml.")
@project_option
@workspace_option
@host_option
@json_option
def check(name: str | None, project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """See whether what serves is well, NAME or all of mlops.yaml; made for a schedule.

    It has to run, to be ready, and to answer real rows as was recorded. What changed is written to the log, and what a
    job that died has left is put right. Exit code 3 if one is not well.
    """
    at = here(project, workspace, host)
    found: list[Checked] = []
    ill: list[MlopsError] = []
    for each in [name] if name else [choice.name for choice in at.project.deploy]:
        try:
            checked = check_site(at.site(each), at.samples)
        except MlopsError as error:
            ill.append(type(error)(f"{each}: {error.what}", where=error.where, hint=error.hint))
            continue
        if checked:
            found.append(checked)
    if as_json:
        print_json(found)
    for checked in found:
        if not as_json:
            echo(_line(checked))
        if checked.health == "unhealthy":
            hint = f"see mlops-ci deployments logs {checked.name}; mlops-ci deployments rollback {checked.name}"
            ill.append(RemoteError(f"{checked.name}: {checked.reason}", where=checked.url, hint=hint))
    if not found and not ill and not as_json:
        echo("nothing is deployed")
    hand_on(host, {"healthy": str(not ill).lower()})
    at.tell(ill[0] if ill else None)
    for other in ill[1:]:
        at.say(other.line())
    if ill:
        raise ill[0]


@deployments.command()
@_name
@click.option("--follow", "-f", is_flag=True, help="Go on until it ends.")
@project_option
@workspace_option
@host_option
def logs(name: str, follow: bool, project: Path, workspace: str | None, host: str) -> None:
    """Print what the server of the deployment NAME has written."""
    at = here(project, workspace, host)
    site = at.site(name, asks=False)
    known = site.known
    if known is None or known.instance is None:
        raise UsageError(f"nothing serves as {name!r}", hint="see mlops-ci deployments list")
    show = at.showing()
    for line in site.target.logs(known.instance, follow=follow):
        show(line)


@deployments.command()
@_name
@project_option
@workspace_option
@host_option
@json_option
def rollback(name: str, project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """Let the version serve again that NAME served before: tried like any other, and switched to.

    The alias stays where it is. To undo it, roll back again.
    """
    at = here(project, workspace, host)
    choice = at.choice(name)
    site = at.site(name)
    known = site.known
    image = known.previous_instance.image if known and known.previous_instance else None
    orders = Orders(at.project, choice, at.log, at.makers(), os.environ, image=image)
    try:
        done = roll_back(site, orders, at.samples)
    except MlopsError as error:
        at.tell(error)
        raise
    report(at, done, as_json=as_json)


@deployments.command()
@_name
@option("--force", is_flag=True, help="Its place is gone for good: only the log is changed, nothing is taken down.")
@option("--reason", metavar="TEXT", help="Why, with --force; kept in the log.")
@project_option
@workspace_option
@host_option
def delete(name: str, force: bool, reason: str | None, project: Path, workspace: str | None, host: str) -> None:
    """Take the deployment NAME down, with what it could go back to. Its versions may be deleted then."""
    if force != bool(reason):
        raise UsageError("--force and --reason belong together", hint="--force --reason 'the cluster was deleted'")
    at = here(project, workspace, host)
    if reason:
        write_off(at.log, name, reason)
    else:
        delete_site(at.site(name, asks=False))
    hand_on(host, {"deployment": name, "outcome": "deleted"})
    echo(f"{name} is no more")
    at.tell()


def _known(project: Path, workspace: str | None, model: str | None) -> Iterator[tuple[str, DeploymentState]]:
    store = workspace_to_read(workspace, project, Transfers())
    for name in [model] if model else sorted(traces_of_models(store)):
        state = log_in(store, name).read()
        yield from ((name, state.deployments[each]) for each in sorted(state.deployments))


def _health(state: DeploymentState) -> str:
    return "healthy" if state.stage == "serving" else state.stage


def _rows(model: str, state: DeploymentState) -> Iterator[tuple[str, str]]:
    instance, trial, smoke = state.instance, state.trial, state.smoke
    yield "deployment", state.name
    yield "version", f"{model} v{state.version}" if instance else ""
    yield "health", _health(state) + (f" since {state.checked}" if state.checked else "")
    yield "why", state.reason or ""
    if instance:
        yield "url", instance.url or ""
        yield "target", f"{instance.target}: {instance.place}"
        yield "image", instance.image or ""
        yield "since", f"{state.since}, by {state.actor}"
    if smoke:
        yield "tried with", f"{smoke.rows} rows, {smoke.compared} compared; ready after {smoke.seconds:.1f} s"
    yield "goes back to", f"v{state.previous}" if state.previous else ""
    if trial:
        yield "under way", f"v{trial.version} since {trial.since}, by {trial.actor}"


def _line(checked: Checked) -> str:
    trial = f"; v{checked.trial.version} is being tried since {checked.trial.since}" if checked.trial else ""
    if checked.health == "starting":
        return f"{checked.name}: nothing serves yet{trial}"
    rows = f", {checked.smoke.compared} rows as recorded" if checked.smoke and checked.smoke.compared else ""
    changed = " (it was not before)" if checked.changed and checked.health == "unhealthy" else ""
    return f"{checked.name}: v{checked.version} is {checked.health}{changed}{rows}{trial}"
