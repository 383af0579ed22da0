"""``models``: list, show, search, tag, download; more of its verbs are in files of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli import aliases, deletion
from mlops_ci.cli.card import card
from mlops_ci.cli.differences import diff_versions
from mlops_ci.cli.exchange import import_group, mirror
from mlops_ci.cli.history import history
from mlops_ci.cli.lineage import lineage, why
from mlops_ci.cli.logs import log_to_read, log_to_write
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.references import reference_here
from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.lifecycle.places import workspace_to_read
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.project.names import parse_tags, require_model_name
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.delete import HOLD
from mlops_ci.registry.describe import explanation_of
from mlops_ci.registry.download import download_version
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.registry.override import overridden
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.references import parse_reference, require_known, resolve
from mlops_ci.registry.search import Query, parse_condition
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.report.model_explanation import explanation_line
from mlops_ci.report.wording import visible
from mlops_ci.workspace.store import Store

model_option = click.option("--model", metavar="NAME", help="Only this model.")
limit_option = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")


@click.group()
def models() -> None:
    """List, show, search, compare, explain, tag, alias, delete and download models."""


@models.command("list")
@model_option
@limit_option
@project_option
@workspace_option
@json_option
def list_versions(model: str | None, limit: int | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """List versions, newest first."""
    _print_versions(_found(workspace, project, Query(model=model, limit=limit)), as_json=as_json)


@models.command()
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="That carry this tag; repeatable.")
@click.option("--metric", "metrics", multiple=True, metavar="CONDITION", help="Such as 'roc_auc >= 0.9'; repeatable.")
@click.option("--commit", metavar="SHA", help="Made from this commit; the beginning will do.")
@click.option("--alias", metavar="NAME", help="That this alias points to.")
@click.option("--since", metavar="DATE", help="Registered then or later: 2026-01-31, or with a time in UTC.")
@click.option("--until", metavar="DATE", help="Registered then or before.")
@click.option("--text", metavar="WORDS", help="Words in commit subject, tags, params, file names or verdicts.")
@click.option("--sort", metavar="METRIC", help="Smallest first; -METRIC for the largest.  [default: newest first]")
@model_option
@limit_option
@project_option
@workspace_option
@json_option
def search(
    *,
    tags: tuple[str, ...],
    metrics: tuple[str, ...],
    project: Path,
    workspace: str | None,
    as_json: bool,
    **terms: Any,
) -> None:
    """Search versions. All conditions must hold."""
    query = Query(tags=parse_tags(tags), metrics=tuple(map(parse_condition, metrics)), **terms)
    _print_versions(_found(workspace, project, query), as_json=as_json)


@models.command()
@click.argument("reference")
@project_option
@workspace_option
@json_option
def show(reference: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """Show a version: MODEL@champion, MODEL@v12, MODEL@<sha>; without MODEL, of the project's model."""
    parsed = reference_here(reference, project)
    log = log_to_read(workspace, project, parsed.model)
    state = log.read()
    version = resolve(state, parsed.selector)
    if as_json:
        print_json(version)
        return
    metrics = ", ".join(f"{name} {_number(value)}" for name, value in version.metrics.items())
    rows = [
        ("version", f"{version.model} v{version.version}"),
        ("aliases", ", ".join(version.aliases)),
        ("commit", _commit(version)),
        ("also made by", ", ".join(link[:7] for link in version.links)),
        ("created", version.created),
        ("metrics", metrics),
        ("tags", ", ".join(f"{name}={value}" for name, value in version.tags.items())),
        ("verdict", version.judgements[-1].summary if version.judgements else ""),
        ("", visible(overridden(version) or "")),
        ("files", ", ".join(f"{file.path} ({file.size:,} bytes)" for file in version.files)),
        *(("serves as", _serving(state.deployments[name])) for name in version.serving),
        ("kept for", ", ".join(name.removeprefix(HOLD) for name in version.protections if name not in version.serving)),
        ("ONNX", _onnx(version)),
        ("goes by", _explanation(log.store, version)),
        ("purpose", visible(version.card.purpose or "") if version.card else ""),
        ("image", version.images[-1].reference or version.images[-1].digest if version.images else ""),
        ("digest", version.digest),
        ("run", version.run or ""),
    ]
    for name, text in rows:
        if text:
            echo(f"{click.style(f'{name:<14}', dim=True)}{text}")


@models.command()
@click.argument("reference")
@click.argument("tags", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--remove", multiple=True, metavar="NAME", help="Take this tag away; repeatable.")
@project_option
@workspace_option
@host_option
def tag(
    reference: str, tags: tuple[str, ...], remove: tuple[str, ...], project: Path, workspace: str | None, host: str
) -> None:
    """Set and remove tags of a version, and show what it has."""
    parsed, wanted = parse_reference(reference), parse_tags(tags)
    log = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
    version = set_tags(log, resolve(log.read(), parsed.selector).version, wanted, remove=remove)
    echo(f"{version.model} v{version.version}: {', '.join(f'{k}={v}' for k, v in version.tags.items())}")


@models.command()
@click.argument("reference")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@project_option
@workspace_option
def download(reference: str, folder: Path, project: Path, workspace: str | None) -> None:
    """Write the files of a version below a FOLDER, every byte verified."""
    parsed = parse_reference(reference)
    log = log_to_read(workspace, project, parsed.model)
    for path in download_version(log.store, resolve_quickly(log, parsed.selector), folder):
        echo(str(path))


def _found(workspace: str | None, project: Path, query: Query) -> list[ModelVersion]:
    store = workspace_to_read(workspace, project)
    pins = pins_of(os.environ)
    if query.model is not None and require_model_name(query.model) not in {*traces_of_models(store), *pins}:
        require_known(ModelState(query.model))
    return find_versions(store, query, os.environ, pins)


def _print_versions(versions: list[ModelVersion], *, as_json: bool) -> None:
    if as_json:
        print_json(versions)
        return
    if not versions:
        echo("no versions")
        return
    print_table(
        ("model", "version", "aliases", "serves as", "commit", "created", "metrics"),
        (
            (
                version.model,
                f"v{version.version}",
                ", ".join(version.aliases),
                ", ".join(version.serving),
                (version.commit or "")[:7],
                version.created[:16].replace("T", " "),
                ", ".join(f"{name} {_number(value)}" for name, value in list(version.metrics.items())[:4]),
            )
            for version in versions
        ),
    )


def _commit(version: ModelVersion) -> str:
    subject = f" ({visible(version.source.subject)})" if version.source else ""
    return f"{version.commit or 'not stated'}{subject}"


def _number(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.4g}"


def _serving(deployment: DeploymentState) -> str:
    """Where clients reach it, and how it is."""
    instance = deployment.instance
    on = f" on {instance.target}" if instance else ""
    at = f" at {visible(instance.url)}" if instance and instance.url else ""
    health = "unhealthy" if deployment.stage == "unhealthy" else "healthy"
    return (
        f"{deployment.name}{on}{at}, {health} since {(deployment.checked or deployment.since)[:16].replace('T', ' ')}"
    )


def _onnx(version: ModelVersion) -> str:
    """What is served of its conversion, or why there is none."""
    if version.conversion is None:
        return ""
    form = version.conversion.form()
    return f"{form.precision}, {form.file.size:,} bytes" if form else visible(f"no: {version.conversion.reason}")


def _explanation(store: Store, version: ModelVersion) -> str:
    """The columns that matter most to it."""
    found = explanation_of(store, version)
    return visible(explanation_line(found)) if found else ""


for _verb in (
    *(card, diff_versions, history, lineage, why, import_group, mirror),
    *(aliases.alias, aliases.aliases, aliases.unalias, aliases.rollback),
    *(deletion.delete, deletion.protect, deletion.release),
):
    models.add_command(_verb)
