"""What ``ci`` does for a tag: the image of its commit's version, and the deployments that follow such tags."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mlops_ci.cli.deploy import report
from mlops_ci.cli.deployment_site import here
from mlops_ci.cli.output import echo, print_json
from mlops_ci.errors import MlopsError
from mlops_ci.lifecycle.ci import deployments_of
from mlops_ci.lifecycle.deploying import deploy
from mlops_ci.lifecycle.deployment_orders import Orders
from mlops_ci.records.ci_result import CiResult
from mlops_ci.registry.references import resolve

_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9_.-]")  # of images, whose names are narrower than git's
_LONGEST = 128


def release_tagged(project: Path, workspace: str | None, host: str, *, tag: str, commit: str, as_json: bool) -> None:
    """Push the image of the version that a tagged commit made, and deploy it where the tag says so.

    Raises:
        UsageError: the commit made no version.
    """
    at = here(project, workspace, host)
    version = resolve(at.log.read(), commit)
    image = None
    if at.project.image.repository:
        image = at.makers().pushed_image(version, at.project.image.repository, (f"v{version.version}", image_tag(tag)))
        echo(f"{at.log.model} v{version.version}: {image}", err=as_json)
    for choice in deployments_of(at.project, tag):
        orders = Orders(at.project, choice, at.log, at.makers(), os.environ)
        try:
            done = deploy(at.site(choice.name), version.version, orders, at.samples(version.version))
        except MlopsError as error:
            at.tell(error)
            raise
        report(at, done, as_json=False, err=as_json)
    if as_json:
        print_json(CiResult("unchanged", at.log.model, version.version, version.run, None))


def image_tag(tag: str) -> str:
    """A tag of git as one of an image: ``release/1.0+gpu`` becomes ``release-1.0-gpu``."""
    return _NOT_IN_TAGS.sub("-", tag).lstrip(".-")[:_LONGEST] or "tagged"
