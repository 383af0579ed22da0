"""``deploy``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mlops_ci.cli.deployment_site import Here, here
from mlops_ci.cli.options import argument, host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, hand_on, print_json
from mlops_ci.errors import ConflictError, MlopsError, UsageError
from mlops_ci.lifecycle.deploying import Outcome
from mlops_ci.lifecycle.deploying import deploy as deploy_version
from mlops_ci.lifecycle.deployment_orders import Orders, version_of_image
from mlops_ci.project.deploy import DeployChoice, ProcessPlace
from mlops_ci.registry.references import parse_reference, resolve


@click.command()
@argument("name", help="The deployment, as mlops.yaml has it under deploy.")
@argument("reference", required=False, help="The version: MODEL@v12, MODEL@<sha> or MODEL@alias; default: its alias.")
@option("--image", metavar="REF", help="This image, instead of one that is made of the version; it is pinned.")
@option("--again", is_flag=True, help="Also if the version serves there already, such as with other settings.")
@project_option
@workspace_option
@host_option
@json_option
def deploy(
    *,
    name: str,
    reference: str | None,
    image: str | None,
    again: bool,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Let a version serve as the deployment NAME of mlops.yaml; by default the one that its alias points to.

    It is started beside the one that serves, has to become ready, and to answer real rows of its run as was recorded.
    Only then are clients led to it. On any failure the old one serves on: exit code 3 if the new one did not become
    healthy, 5 if it answers otherwise, 4 if somebody else has begun to deploy since. The old one is kept, for
    `mlops-ci deployments rollback NAME`.
    """
    at = here(project, workspace, host)
    choice = at.choice(name)
    version, pinned = _wanted(at, choice, reference, image)
    site = at.site(name)
    orders = Orders(at.project, choice, at.log, at.makers(), os.environ, image=pinned)
    try:
        done = deploy_version(site, version, orders, at.samples(version), image=pinned, again=again)
    except MlopsError as error:
        at.tell(error)
        raise
    report(at, done, as_json=as_json)


def report(at: Here, done: Outcome, *, as_json: bool, err: bool = False) -> None:
    """Print what came of it, hand it on, and tell others."""
    state = done.state
    url = (state.instance.url if state.instance else None) or ""
    outcome = done.how.replace(" ", "-")
    hand_on(at.host, {"url": url, "deployment": state.name, "version": str(state.version), "outcome": outcome})
    if as_json:
        print_json({"outcome": outcome, "model": at.log.model, "url": url or None, "deployment": state})
    else:
        how = {"deployed": "serves as", "unchanged": "serves already as", "rolled back": "serves again as"}[done.how]
        echo(f"{at.log.model} v{state.version} {how} {state.name}{f' at {url}' if url else ''}", err=err)
    at.tell()


def _wanted(at: Here, choice: DeployChoice, reference: str | None, image: str | None) -> tuple[int, str | None]:
    """The version, and the image with digest if one was given."""
    state, asked = at.log.read(), None
    if reference is not None:
        parsed = parse_reference(reference)
        if parsed.model != at.log.model:
            raise UsageError(f"the deployments are of {at.log.model}, not of {parsed.model}", hint="name its --project")
        asked = resolve(state, parsed.selector).version
    if image is None:
        return asked if asked is not None else resolve(state, choice.alias).version, None
    if isinstance(choice.place, ProcessPlace):
        raise UsageError("a process serves no image", where=f"deploy.{choice.name}", hint="leave out --image")
    from mlops_ci.lifecycle.image_inspection import describe_image
    from mlops_ci.packaging.reference import parse_image

    found = describe_image(image, os.environ)
    version = version_of_image(found.labels, at.log.model, asked, image)
    if version not in state.versions:
        raise ConflictError(f"the image is of v{version}, which does not exist here", where=image)
    return version, str(parse_image(image).pinned(found.digest))
