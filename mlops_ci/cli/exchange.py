"""``models import`` and ``models mirror``: to and from other registries."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.logs import log_in, log_to_read, log_to_write
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.exchange.foreign import ForeignRegistry
from mlops_ci.lifecycle.importing import Import, ImportedModel, import_models
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference
from mlops_ci.report.wording import visible

_OPTIONS = (
    click.option("--model", "names", multiple=True, metavar="NAME", help="Only this model; repeatable."),
    click.option("--as", "rename", metavar="NAME", help="What it shall be called here, if it is one model."),
    click.option("--dry-run", is_flag=True, help="Show what would be imported; write nothing."),
    project_option,
    workspace_option,
    host_option,
    json_option,
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


@click.group("import")
def import_group() -> None:
    """Import models from another registry. Doing it again changes nothing."""


@import_group.command()
@click.argument("source")
@_with_options
def mlflow(source: str, **options: Any) -> None:
    """Import from MLflow: SOURCE is a server's address or a folder mlruns.

    MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, open the server.
    """
    _import(_mlflow(source), **options)


@import_group.command()
@click.argument("repository", type=click.Path(path_type=Path), default=Path())
@_with_options
def gto(repository: Path, **options: Any) -> None:
    """Import from the git tags of GTO in a REPOSITORY, by default the one of this folder."""
    from mlops_ci.exchange.gto import GtoRepository

    _import(GtoRepository(repository), **options)


@click.command()
@click.argument("reference")
@click.option("--to", "url", required=True, metavar="URL", help="The address of an MLflow server.")
@click.option("--name", metavar="NAME", help="What the model is called there.  [default: as here]")
@project_option
@workspace_option
@json_option
def mirror(reference: str, url: str, name: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """Let an alias, MODEL@champion, mean the same files in an MLflow server.

    Doing it again changes nothing.

    MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, open the server.
    """
    from mlops_ci.exchange.mlflow_api import MlflowApi
    from mlops_ci.exchange.mlflow_mirror import MlflowMirror
    from mlops_ci.lifecycle.mirroring import mirror_alias

    parsed = parse_reference(reference)
    log = log_to_read(workspace, project, parsed.model)
    server = MlflowMirror(MlflowApi(url, os.environ))
    done = mirror_alias(log, parsed, server, name=name or parsed.model)
    if as_json:
        print_json(done)
        return
    how = "is now" if done.moved else "is"
    echo(f"models:/{done.name}@{done.alias} {how} version {done.mirror}: {done.model} v{done.version}")


def _mlflow(source: str) -> ForeignRegistry:
    # Imported here, so that the other verbs of this group need not wait for an HTTP library.
    from mlops_ci.exchange.mlflow_api import MlflowApi
    from mlops_ci.exchange.mlflow_files import MlflowFolder
    from mlops_ci.exchange.mlflow_rest import MlflowServer

    if source.lower().startswith(("http://", "https://")):
        return MlflowServer(MlflowApi(source, os.environ))
    return MlflowFolder(Path(source.removeprefix("file://")))


def _import(
    registry: ForeignRegistry,
    *,
    names: tuple[str, ...],
    rename: str | None,
    dry_run: bool,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    def log_of(model: str) -> ModelLog | None:
        if not dry_run:
            return log_to_write(workspace, project, model, host=host)
        try:
            return log_in(workspace_to_read(workspace, project), model)
        except UsageError:  # there is no workspace yet, and this is not the time to make one
            return None

    done = []
    for model in import_models(Import(registry, names, rename, log_of, os.environ, project, dry_run)):
        done.append(model)
        if not as_json:
            _print(model)
    if as_json:
        print_json(done)
    if not all(model.complete for model in done):
        count = sum(version.outcome == "skipped" for model in done for version in model.versions)
        what = f"{count} {'version was' if count == 1 else 'versions were'} skipped"
        raise RemoteError(what, where=registry.where, hint="the reasons are above; run the command again")


def _print(model: ImportedModel) -> None:
    for version in model.versions:
        here = f"v{version.version}" if version.version else ""
        told = {
            "imported": f"imported as {here}",
            "known": f"known already as {here}",
            "new": "would be imported",
            "skipped": f"skipped: {version.reason}",
        }
        echo(visible(f"{model.model}: version {version.foreign} {told[version.outcome]}"))
    for alias in model.aliases:
        here = f"v{alias.version}" if alias.version else "a version that would be imported"
        told = {
            "moved": f"is now {here}",
            "unchanged": f"is {here}",
            "would move": f"would be {here}",
            "skipped": f"skipped: {alias.reason}",
        }
        echo(visible(f"{model.model}: alias {alias.alias or alias.foreign} {told[alias.outcome]}"))
    for note in model.notes:
        echo(visible(f"{model.model}: {note}"))
