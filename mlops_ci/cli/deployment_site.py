"""From options to a deployment: the project, its log, and the place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.cli.logs import log_in, log_to_write
from mlops_ci.cli.output import echo
from mlops_ci.cli.telling import project_of, tell, triggering_for
from mlops_ci.deployment.open import open_target
from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.hosts.select import found, select_host
from mlops_ci.lifecycle.deployment_orders import Makers, key_for
from mlops_ci.lifecycle.model_package import make_package
from mlops_ci.lifecycle.places import find_project_file
from mlops_ci.lifecycle.readiness import probe_address
from mlops_ci.lifecycle.site import Say, Site
from mlops_ci.lifecycle.triggering import Triggering, first_failure
from mlops_ci.project.deploy import DeployChoice
from mlops_ci.project.project import Project
from mlops_ci.records.actor import Actor
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.samples import Samples
from mlops_ci.registry.download import samples_of
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.report.wording import visible
from mlops_ci.workspace.format import read_format

if TYPE_CHECKING:
    from mlops_ci.lifecycle.imaging import Workshop
    from mlops_ci.lifecycle.serving_environment import ServingEnvironment


@dataclass(frozen=True, slots=True)
class Here:
    """A project whose deployments are worked on. ``triggering`` are those who hear of it, if anybody does."""

    project: Project
    folder: Path
    log: ModelLog
    actor: Actor
    host: str
    say: Callable[[str], None]
    triggering: Triggering | None

    def choice(self, name: str) -> DeployChoice:
        """The deployment of that name in ``mlops.yaml``.

        Raises:
            UsageError: there is none.
        """
        for choice in self.project.deploy:
            if choice.name == name:
                return choice
        names = ", ".join(choice.name for choice in self.project.deploy)
        hint = f"there are: {names}" if names else "add it under deploy: in mlops.yaml"
        raise UsageError(f"no deployment {name!r} in mlops.yaml", hint=hint)

    def site(self, name: str, *, asks: bool = True) -> Site:
        """A deployment and its place; only who asks its server anything needs a key of it.

        Raises:
            UsageError: there is no such deployment, or the variable with the key is not set.
        """
        choice = self.choice(name)
        folder = cache_folder(os.environ) / "deployments"
        workspace = read_format(self.log.store)
        return Site(
            log=self.log,
            workspace=workspace.id if workspace else "",
            name=name,
            target=open_target(choice, folder=folder, environ=os.environ),
            timeout=choice.timeout,
            tolerance=choice.tolerance,
            say=self.telling(name),
            probe=probe_address,
            headers=key_for(self.project, os.environ) if asks else {},
        )

    def telling(self, name: str) -> Say:
        """Prints a line for each stage."""
        return lambda stage, text: self.say(f"{name} | {stage}: {text}")

    def showing(self) -> Callable[[str], None]:
        """Prints lines that a server has written, without secrets, and so that none is a command to the host."""
        redact, neutralise = redactor_for(os.environ), select_host(self.host, os.environ, echo).neutralise
        return lambda line: echo(neutralise(redact(visible(line))))

    def samples(self, version: int) -> Samples | None:
        """The real rows that were registered with a version."""
        return samples_of(self.log.store, self.log.read().require(version))

    def tell(self, done: MlopsError | None = None) -> None:
        """Tell those who hear of deployments; an error of the deployment itself counts more than one of telling."""
        if self.triggering is None:
            return
        failure = first_failure(tell(self.triggering, self.host))
        if failure and done is None:
            raise failure

    def makers(self) -> Makers:
        """How packages and images are made here."""

        def package(version: ModelVersion, folder: Path) -> ServingEnvironment:
            from mlops_ci.lifecycle.serving_environment import environment_of_version

            store = self.log.store
            manifest = make_package(
                version, self.project.serve, folder, store=store, log_of=self._log_of, read_code=self._code
            )
            return environment_of_version(manifest, version, folder=self.folder, store=store, environ=os.environ)

        def local_image(version: ModelVersion) -> str:
            from mlops_ci.lifecycle.imaging import build_image, load_image
            from mlops_ci.lifecycle.own_image import build_own

            shop = self._workshop()
            if self.project.image.dockerfile:
                return build_own(shop, version)[1]
            return load_image(shop, build_image(shop, version))

        def pushed_image(version: ModelVersion, repository: str, tags: tuple[str, ...] = ()) -> str:
            from mlops_ci.lifecycle.imaging import build_image, push_image
            from mlops_ci.lifecycle.own_image import push_own

            shop = self._workshop()
            if self.project.image.dockerfile:
                made = push_own(shop, version, repository, tags)
            else:
                made = push_image(shop, build_image(shop, version, target=repository), repository, tags).image
            return made.reference or made.digest

        return Makers(package, local_image, pushed_image)

    def _workshop(self) -> Workshop:
        from mlops_ci.lifecycle.imaging import Workshop
        from mlops_ci.packaging.provenance import Builder

        kind = (found(os.environ) or "local") if self.host == "auto" else self.host
        return Workshop(
            project=self.project,
            folder=self.folder,
            store=self.log.store,
            log_of=self._log_of,
            read_code=self._code,
            environ=os.environ,
            say=self.say,
            builder=Builder(kind, self.actor.run_id),
        )

    def _log_of(self, model: str) -> ModelLog:
        return log_in(self.log.store, model, actor=self.actor)

    def _code(self, version: ModelVersion, paths: tuple[str, ...]) -> Mapping[str, bytes]:
        from mlops_ci.lifecycle.entry_code import code_for

        return code_for(self.folder, self.host, os.environ)(version, paths)


def here(project: Path, workspace: str | None, host: str) -> Here:
    """The project, its log and its receivers."""
    loaded, folder = project_of(project), find_project_file(project).parent
    log = log_to_write(workspace, project, loaded.model.name, host=host, must_exist=True)
    triggering = triggering_for(loaded.model.name, log, project)
    if triggering:
        triggering.listen()
    adapter = select_host(host, os.environ, echo)
    return Here(loaded, folder, log, adapter.actor(), host, safely(host), triggering)


def safely(host: str) -> Callable[[str], None]:
    """Prints lines to stderr, without secrets, and so that none is a command to the host."""
    redact, neutralise = redactor_for(os.environ), select_host(host, os.environ, echo).neutralise
    return lambda line: echo(neutralise(redact(line)), err=True)
