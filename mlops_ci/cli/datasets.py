"""``datasets``: list, show, diff, register."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.clock import now
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.datasets import change_between, describe, known_dataset, known_datasets
from mlops_ci.lifecycle.places import workspace_to_read, workspace_to_write
from mlops_ci.project.names import is_name, parse_tags
from mlops_ci.records.dataset import KnownDataset
from mlops_ci.records.digest import short
from mlops_ci.registry.datasets import DatasetShelf
from mlops_ci.report.dataset import change_lines, profile_rows, size_line, source_line
from mlops_ci.report.wording import visible


@click.group()
def datasets() -> None:
    """List, show, compare and register versions of datasets.

    A VERSION is the beginning of a digest, @TAG or @TAG=VALUE; by default it is the newest.
    """


@datasets.command("list")
@click.argument("name", required=False)
@project_option
@workspace_option
@json_option
def list_datasets(name: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """List the versions of all datasets, or of one, newest first."""
    found = known_datasets(workspace_to_read(workspace, project), name, os.environ)
    if as_json:
        print_json(found)
        return
    if not found:
        echo(f"no versions of {name}" if name else "no datasets: none is kept here, and no run has read one yet")
        return
    print_table(
        ("dataset", "digest", "rows", "bytes", "first seen", "models", "tags"),
        (
            (
                known.name,
                short(known.version.digest),
                f"{known.version.profile.rows:,}" if known.version.profile else "",
                f"{known.version.size:,}",
                known.first_seen[:16],
                _models(known),
                _tags(known),
            )
            for known in found
        ),
    )


@datasets.command()
@click.argument("name")
@click.argument("version", required=False)
@project_option
@workspace_option
@json_option
def show(name: str, version: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """Show a VERSION of the dataset NAME, with its profile."""
    known = known_dataset(workspace_to_read(workspace, project), name, version, os.environ)
    if as_json:
        print_json(known)
        return
    echo(f"{known.name} {known.version.digest}")
    echo(f"{visible(known.version.path)}: {size_line(known.version)}")
    if source := known.version.source:
        echo(f"known by its {visible(source_line(source))}")
    commit = f" of commit {known.commit[:7]}" if known.commit else ""
    echo(f"first seen {known.first_seen}" + (f" by run {known.run}{commit}" if known.run else ""))
    for what, text in (("models", ", ".join(known.models)), ("tags", _tags(known))):
        if text:
            echo(f"{what} {text}")
    if known.version.profile:
        print_table(("column", "type", "missing", "values"), profile_rows(known.version.profile))


@datasets.command()
@click.argument("name")
@click.argument("before", required=False)
@click.argument("after", required=False)
@project_option
@workspace_option
@json_option
def diff(name: str, before: str | None, after: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """Show what differs between two versions of the dataset NAME; by default between the two newest."""
    found = change_between(workspace_to_read(workspace, project), name, before, after)
    if as_json:
        print_json(found)
        return
    for line in change_lines(found) if found else ("nothing differs",):
        echo(line)


@datasets.command()
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Set this tag; repeatable.")
@click.option("--untag", "untags", multiple=True, metavar="NAME", help="Remove this tag; repeatable.")
@project_option
@workspace_option
@host_option
@json_option
def register(
    *,
    name: str,
    path: Path,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Register the present content of PATH, a file or a folder, as a version of the dataset NAME."""
    if not is_name(name):
        raise UsageError("not a name", where=repr(name[:80]), hint="use lower-case letters, digits, '.', '_' and '-'")
    wanted, version = parse_tags(tags), describe(path, os.environ)
    store = workspace_to_write(workspace, project, host=host, environ=os.environ, watch=Transfers())
    shelf = DatasetShelf(store, select_host(host, os.environ, echo).actor(), now)
    shelf.keep(name, version)
    shelf.tag(name, version.digest, wanted, untags)
    known = known_dataset(store, name, version.digest, os.environ)
    if as_json:
        print_json(known)
        return
    echo(f"{name} {short(version.digest)}: {size_line(version)}" + (f", {_tags(known)}" if known.tags else ""))


def _models(known: KnownDataset) -> str:
    shown = ", ".join(known.models[:3])
    return shown if len(known.models) <= 3 else f"{shown} and {len(known.models) - 3} more"


def _tags(known: KnownDataset) -> str:
    return ", ".join(f"{key}={visible(value)}" for key, value in sorted(known.tags.items()))
