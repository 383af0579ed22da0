"""``workspace``: init, info, check, copy, gc, pins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from mlops_ci.cli.gc import gc
from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.clock import timestamp
from mlops_ci.errors import IntegrityError
from mlops_ci.lifecycle.collected_check import damaged_segments
from mlops_ci.lifecycle.copying import copy_workspace
from mlops_ci.lifecycle.places import workspace_to_read, workspace_to_write
from mlops_ci.lifecycle.upkeep import describe_workspace, pins_of
from mlops_ci.records.digest import short
from mlops_ci.registry.check import ModelCheck, check_model
from mlops_ci.registry.check_datasets import check_datasets
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.registry.pins import format_pin, parse_pins, pin_of
from mlops_ci.report.wording import visible
from mlops_ci.workspace.format import require_whole
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store


@click.group()
def workspace() -> None:
    """Create, describe, check, copy and tidy a workspace."""


@workspace.command("init")
@project_option
@workspace_option
@host_option
def init_workspace(project: Path, workspace: str | None, host: str) -> None:
    """Make a workspace, or find that it is one."""
    store = workspace_to_write(workspace, project, host=host, environ=os.environ)
    echo(f"{store.url} is a workspace")


@workspace.command()
@project_option
@workspace_option
@json_option
def info(project: Path, workspace: str | None, as_json: bool) -> None:
    """Say what a workspace holds, by kind, and what in it belongs to no version."""
    store = _whole(workspace_to_read(workspace, project))
    found = describe_workspace(store, _logs(store))
    if as_json:
        print_json(found)
        return
    echo(f"workspace {found.inventory.url} ({found.inventory.id})")
    rows = [*sorted(found.inventory.kinds.items()), ("not ours", found.inventory.foreign), ("orphans", found.orphans)]
    print_table(
        ("kind", "objects", "bytes", "oldest", "newest"),
        (
            (kind, f"{count.objects:,}", f"{count.size:,}", _moment(count.oldest), _moment(count.newest))
            for kind, count in rows
            if count.objects
        ),
    )


@workspace.command()
@click.option("--read-data", is_flag=True, help="Read every byte, rather than compare sizes.")
@option("--pins", default="", metavar="PINS", help="Entries that the logs must have, as 'workspace pins' printed them.")
@project_option
@workspace_option
@json_option
def check(read_data: bool, pins: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Verify every model's log, its hints, the files of every version, and datasets; exits with 5 if any is damaged."""
    pinned = parse_pins(pins)
    store = _whole(workspace_to_read(workspace, project, Transfers()))
    names = sorted({*traces_of_models(store), *pinned})
    checks = [check_model(log_in(store, name, pinned.get(name)), read_data=read_data) for name in names]
    findings = [finding for check in checks for finding in check.findings]
    of_datasets = list(check_datasets(store))
    findings += of_datasets
    damaged = list(damaged_segments(store)) if read_data else []
    if as_json:
        print_json(checks)
    else:
        for result in checks:
            _print_check(result)
        for finding in of_datasets:
            echo(f"{visible(finding.key)}: {finding.what}")
        for key, what in damaged:
            echo(f"{key}: {what} (collected compact sets it aside)")
    if findings:
        what = "1 thing is" if len(findings) == 1 else f"{len(findings):,} things are"
        hint = "restore what is named above from a backup"
        raise IntegrityError(f"{what} wrong", where=store.url, hint=hint)
    if not as_json:
        echo("everything is as it was written" if read_data else "logs are whole, and all files have their size")


@workspace.command()
@click.argument("source")
@click.argument("target")
@json_option
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the workspace at SOURCE to TARGET, two paths or URLs, and verify the copy.

    A workspace in two places is written LOG,files=FILES. Copying again completes a copy that was cut off, and adds
    what is new. Pins hold for the copy, too.
    """
    here = Path.cwd()
    done = copy_workspace(
        open_store(source, here, Transfers()), open_store(target, here, Transfers()), pins_of(os.environ)
    )
    if as_json:
        print_json(done)
        return
    there = f", {done.present:,} were there already" if done.present else ""
    copied, models = _count(done.objects, "object"), _count(done.models, "model")
    echo(f"copied {copied}, {done.size:,} bytes{there}; {models} verified")


@workspace.command()
@project_option
@workspace_option
def pins(project: Path, workspace: str | None) -> None:
    """Print a pin of every model's log as it is now.

    Keep them outside the workspace, such as in a variable of the repository that jobs see as MLOPS_CI_PINS: a log that
    was rolled back or forked is then refused.
    """
    for log in _logs(workspace_to_read(workspace, project)):
        pin = pin_of(log.read())
        if pin:
            echo(format_pin(pin))


def _whole(store: Store) -> Store:
    """A workspace with all its places: what is not there must not be taken for lost."""
    require_whole(store, thorough=True)
    return store


def _logs(store: Store) -> Iterator[ModelLog]:
    return (log_in(store, name) for name in traces_of_models(store))


def _print_check(result: ModelCheck) -> None:
    orphans = f", {_count(len(result.orphans), 'object')} of no version" if result.orphans else ""
    echo(
        f"{result.model}: {_count(result.entries, 'entry', 'entries')} (head {short(result.head or 'none')}), "
        f"{_count(result.versions, 'version')}, {_count(result.objects, 'object')}, {result.size:,} bytes{orphans}"
    )
    for finding in result.findings:
        echo(f"  {finding.key}: {finding.what}")
    for hint in result.hints:
        echo(f"  {hint.key}: {hint.what} (no harm: it is written anew, or can be deleted)")


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else timestamp(datetime.fromtimestamp(seconds, UTC))[:16].replace("T", " ")


workspace.add_command(gc)
