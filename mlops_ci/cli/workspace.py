"""``workspace``: init, info, check."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import print_json, print_table
from mlops_ci.errors import IntegrityError
from mlops_ci.lifecycle.places import workspace_to_read, workspace_to_write
from mlops_ci.records.digest import short
from mlops_ci.registry.check import check_model
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.workspace.inventory import take_inventory


@click.group()
def workspace() -> None:
    """Create, describe and check a workspace."""


@workspace.command("init")
@project_option
@workspace_option
@host_option
def init_workspace(project: Path, workspace: str | None, host: str) -> None:
    """Make a workspace, or find that it is one."""
    store = workspace_to_write(workspace, project, host=host, environ=os.environ)
    click.echo(f"{store.url} is a workspace")


@workspace.command()
@project_option
@workspace_option
@json_option
def info(project: Path, workspace: str | None, as_json: bool) -> None:
    """Say what a workspace holds, by kind."""
    store = workspace_to_read(workspace, project)
    inventory = take_inventory(store)
    if as_json:
        print_json(inventory)
        return
    click.echo(f"workspace {inventory.url} ({inventory.id})")
    print_table(
        ("kind", "objects", "bytes"),
        ((kind, f"{count.objects:,}", f"{count.size:,}") for kind, count in sorted(inventory.kinds.items())),
    )


@workspace.command()
@project_option
@workspace_option
@json_option
def check(project: Path, workspace: str | None, as_json: bool) -> None:
    """Verify every model's log and every byte of every version; exits with 5 if anything is wrong."""
    store = workspace_to_read(workspace, project)
    checks = [check_model(log_in(store, name), read_data=True) for name in traces_of_models(store)]
    if as_json:
        print_json(checks)
    findings = [finding for check in checks for finding in check.findings]
    if not as_json:
        for result in checks:
            orphans = f", {len(result.orphans)} left by unfinished uploads" if result.orphans else ""
            click.echo(
                f"{result.model}: {result.entries:,} entries (head {short(result.head or 'none')}), "
                f"{result.versions:,} versions, "
                f"{result.objects:,} objects, {result.size:,} bytes{orphans}"
            )
        for finding in findings:
            click.echo(f"  {finding.key}: {finding.what}")
    if findings:
        raise IntegrityError(
            f"{len(findings)} things are wrong", where=store.url, hint="restore what is named above from a backup"
        )
    if not as_json:
        click.echo("everything is as it was written")
