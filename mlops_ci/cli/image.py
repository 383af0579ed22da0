"""``image``: build, push and inspect container images of versions."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import argument, host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, hand_on, print_json, print_table
from mlops_ci.cli.telling import project_of
from mlops_ci.cli.transfers import Transfers, size
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import found, select_host
from mlops_ci.lifecycle.entry_code import code_for
from mlops_ci.lifecycle.image_inspection import Description, describe_folder, describe_image
from mlops_ci.lifecycle.imaging import Workshop, build_image, load_image, push_image, write_image
from mlops_ci.lifecycle.own_image import build_own, push_own
from mlops_ci.lifecycle.places import find_project_file, workspace_to_write
from mlops_ci.packaging.provenance import Builder
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.report.wording import visible

_REFERENCE = argument("reference", help="The version: MODEL@champion, MODEL@v12, MODEL@<sha>.")
_update_base = option("--update-base", is_flag=True, help="Look the base up anew, where it has no digest.")
_OUTPUT = click.Path(path_type=Path, file_okay=False)


@click.group()
def image() -> None:
    """Build, push and inspect container images of versions."""


@image.command()
@_REFERENCE
@click.option("--output", type=_OUTPUT, metavar="FOLDER", help="Write it as a folder: an OCI image layout.")
@click.option("--load", "to_engine", is_flag=True, help="Load it into the local Docker Engine.")
@_update_base
@project_option
@workspace_option
@host_option
@json_option
def build(
    *,
    reference: str,
    output: Path | None,
    to_engine: bool,
    update_base: bool,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Build the image of a version.

    No Docker is needed, unless the image is loaded into it or made by your own Dockerfile. The same version, base and
    lock give the same digest, on every machine.
    """
    shop, version = _shop(reference, project, workspace, host)
    if shop.project.image.dockerfile:
        if output:
            raise UsageError("an image of your own Dockerfile stays in the Docker Engine", hint="leave out --output")
        built, name = build_own(shop, version)
        _show(version, built, as_json=as_json, also=f"in the Docker Engine as {name}")
        return
    made = build_image(shop, version, update_base=update_base)
    also = ""
    if output:
        write_image(shop, made, output)
        also = f"written to {output}"
    if to_engine:
        also = f"in the Docker Engine as {load_image(shop, made)}"
    _show(version, made.image, as_json=as_json, also=also)


@image.command()
@_REFERENCE
@option("--repository", metavar="NAME", help="Such as ghcr.io/acme/flight-delay.  [default: from mlops.yaml]")
@option("--tag", "tags", multiple=True, metavar="TAG", help="Repeatable.  [default: v and the version]")
@_update_base
@project_option
@workspace_option
@host_option
@json_option
def push(
    *,
    reference: str,
    repository: str | None,
    tags: tuple[str, ...],
    update_base: bool,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Build the image of a version, and push what the registry does not have.

    With it go its bill of materials (CycloneDX) and its provenance (SLSA). The model's log remembers it.
    """
    shop, version = _shop(reference, project, workspace, host)
    target = repository or shop.project.image.repository
    if target is None:
        hint = "give --repository, or set image: {repository: ghcr.io/acme/model} in mlops.yaml"
        raise UsageError("it is not said where the image goes", hint=hint)
    if shop.project.image.dockerfile:
        pushed, note = push_own(shop, version, target, tags), ""
    else:
        made = push_image(shop, build_image(shop, version, target=target, update_base=update_base), target, tags)
        pushed, counts = made.image, list(made.moved.values())
        note = ", ".join(f"{counts.count(how)} {how}" for how in ("sent", "mounted", "there") if counts.count(how))
    hand_on(host, {"image": pushed.reference or "", "digest": pushed.digest})
    _show(version, pushed, as_json=as_json, also=f"layers: {note}" if note else "")


@image.command()
@click.argument("image_name", metavar="REFERENCE|FOLDER")
@json_option
def inspect(image_name: str, *, as_json: bool) -> None:
    """Show what is in an image: one of a registry, or a folder that build has written."""
    folder = Path(image_name)
    shown = describe_folder(folder) if folder.is_dir() else describe_image(image_name, os.environ)
    if as_json:
        print_json(shown)
    else:
        _print(shown)


def _shop(reference: str, project: Path, workspace: str | None, host: str) -> tuple[Workshop, ModelVersion]:
    parsed = parse_reference(reference)
    loaded, folder = project_of(project), find_project_file(project).parent
    watch = Transfers()
    store = workspace_to_write(workspace, project, host=host, environ=os.environ, watch=watch, must_exist=True)
    actor = select_host(host, os.environ, echo).actor()
    logs = partial(log_in, store, actor=actor)
    kind = (found(os.environ) or "local") if host == "auto" else host
    shop = Workshop(
        project=loaded,
        folder=folder,
        store=store,
        log_of=logs,
        read_code=code_for(folder, host, os.environ),
        environ=os.environ,
        say=partial(echo, err=True),
        builder=Builder(kind, actor.run_id),
    )
    return shop, resolve(logs(parsed.model).read(), parsed.selector)


def _show(version: ModelVersion, made: Image, *, as_json: bool, also: str) -> None:
    if as_json:
        print_json(made)
        return
    echo(f"{version.model} v{version.version}: {made.reference or made.digest}")
    for layer in made.layers:
        echo(f"  {layer.kind:<13}{size(layer.size):>10}  {layer.digest}")
    if also:
        echo(f"  {also}")


def _print(shown: Description) -> None:
    rows: list[tuple[str, Any]] = [
        ("image", shown.digest),
        ("platform", shown.platform),
        ("base", shown.base or "not stated"),
        ("user", shown.user or "root"),
        ("models", ", ".join(shown.models)),
        ("packages", ", ".join(shown.packages)),
        ("SBOM", shown.sbom or "none"),
        ("provenance", shown.provenance or "none"),
    ]
    for name, text in rows:
        if text:
            echo(f"{click.style(f'{name:<12}', dim=True)}{visible(text)}")
    print_table(
        ("layer", "size", "digest"), ((each.kind or "other", size(each.size), each.digest) for each in shown.layers)
    )
    for name, text in shown.labels.items():
        echo(f"{click.style(visible(name), dim=True)} {visible(text)}")
