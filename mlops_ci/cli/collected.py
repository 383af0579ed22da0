"""``collected``: list and compact what scoring servers collected."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.lifecycle.compaction import collected_models, compact, describe_collected
from mlops_ci.lifecycle.places import workspace_to_read, workspace_to_write
from mlops_ci.project.names import require_model_name


@click.group()
def collected() -> None:
    """List and compact the requests that scoring servers collected."""


@collected.command("list")
@click.argument("model", required=False)
@project_option
@workspace_option
@json_option
def list_collected(model: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """Say what is collected, of each model or of one MODEL."""
    store = workspace_to_read(workspace, project)
    names = [require_model_name(model)] if model else collected_models(store)
    found = [describe_collected(store, name) for name in names]
    if as_json:
        print_json(found)
        return
    if not found:
        echo("nothing is collected")
        return
    print_table(
        ("model", "segments", "requests in them", "days", "first", "last", "tables", "bytes", "damaged"),
        (
            (
                each.model,
                f"{each.segments:,}",
                f"{each.requests:,}",
                f"{each.days:,}",
                each.first or "",
                each.last or "",
                f"{each.tables:,}",
                f"{each.size:,}",
                f"{each.damaged:,}",
            )
            for each in found
        ),
    )


@collected.command("compact")
@click.argument("model")
@project_option
@workspace_option
@host_option
@json_option
def compact_collected(model: str, project: Path, workspace: str | None, host: str, as_json: bool) -> None:
    """Make Parquet tables, by day, of the segments that servers have sent of a MODEL.

    Run it on a schedule. It can be cut off at any point and run again: no row is lost, and none is there twice.
    """
    store = workspace_to_write(workspace, project, host=host, environ=os.environ, must_exist=True)
    done = compact(store, require_model_name(model), lambda text: echo(f"warning: {text}", err=True))
    if as_json:
        print_json(done)
        return
    echo(f"{done.segments:,} segments read, {done.rows:,} rows written to {done.tables:,} tables")
    if done.damaged:
        echo(f"{done.damaged:,} damaged segments were set aside")
