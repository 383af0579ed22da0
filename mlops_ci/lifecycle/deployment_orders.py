"""Makes what is to be started of a version: a model package for this machine, an image for every other place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_ci.deployment.target import Order
from mlops_ci.edge.scratch import scratch_folder_of
from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.lifecycle.serving_environment import ServingEnvironment
from mlops_ci.project.deploy import DeployChoice, DockerPlace, ProcessPlace
from mlops_ci.project.project import Project
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog

_VERSION = "org.opencontainers.image.version"
_TITLE = "org.opencontainers.image.title"


class PushImage(Protocol):
    """Makes the image of a version and brings it to a repository, by default under the tag of the version."""

    def __call__(self, version: ModelVersion, repository: str, tags: tuple[str, ...] = ()) -> str:
        """The reference with digest."""
        ...


@dataclass(frozen=True, slots=True)
class Makers:
    """How things are made of a version: a package in a folder, an image in the local Engine, an image in a registry.

    A package comes with the Python that serves it. An image is named by the reference that a target takes.
    """

    package: Callable[[ModelVersion, Path], ServingEnvironment]
    local_image: Callable[[ModelVersion], str]
    pushed_image: PushImage


class Orders:
    """Makes the orders of a deployment; what they refer to lasts as long as this object.

    Args:
        project: the project.
        choice: the deployment.
        log: the log of its model.
        makers: how packages and images are made.
        environ: the variables of the job.
        image: the image to use, whatever the version; with digest.

    Raises:
        UsageError: a variable that the server needs is not set, or there is nowhere to push an image to.
    """

    def __init__(
        self,
        project: Project,
        choice: DeployChoice,
        log: ModelLog,
        makers: Makers,
        environ: Mapping[str, str],
        *,
        image: str | None = None,
    ) -> None:
        self._choice = choice
        self._log = log
        self._makers = makers
        self._image = image
        self._repository = project.image.repository
        self._secrets = variables_of(project, choice, environ)
        if not image and not isinstance(choice.place, ProcessPlace | DockerPlace) and not self._repository:
            hint = "set image: {repository: ghcr.io/acme/model} in mlops.yaml, or give --image"
            raise UsageError("it is not said where its image goes", where=f"deploy.{choice.name}", hint=hint)

    def __call__(self, version: int, unique: str) -> Order:
        """The order of a version."""
        made = self._log.read().require(version)
        package = image = serves = None
        match self._choice.place:
            case ProcessPlace():
                package = scratch_folder_of(self) / "package"
                serves = self._makers.package(made, package)
            case DockerPlace():
                image = self._image or self._makers.local_image(made)
            case _:
                image = self._image or self._makers.pushed_image(made, self._repository or "")
        return Order(
            name=self._choice.name,
            unique=unique,
            model=self._log.model,
            version=version,
            commit=made.commit,
            image=image,
            package=package,
            python=serves.python if serves else None,
            environ=serves.variables if serves else {},
            secrets=self._secrets,
        )


def variables_of(project: Project, choice: DeployChoice, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the job that the server sees: those of the deployment, and its callers' keys.

    Raises:
        UsageError: one is not set.
    """
    names = dict.fromkeys((*choice.env, *project.serve.settings.keys))
    wheres = {name: f"deploy.{choice.name}" if name in choice.env else "serve.keys" for name in names}
    return {name: _value(name, where, environ) for name, where in wheres.items()}


def key_for(project: Project, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request to the server: the first of its keys, if it has any.

    Raises:
        UsageError: its variable is not set.
    """
    keys = project.serve.settings.keys
    return {"Authorization": f"Bearer {_value(keys[0], 'serve.keys', environ)}"} if keys else {}


def _value(name: str, where: str, environ: Mapping[str, str]) -> str:
    if not environ.get(name):
        raise UsageError(f"the variable {name} is not set", where=where, hint="give it to the job as a secret")
    return environ[name]


def version_of_image(labels: Mapping[str, str], model: str, asked: int | None, where: str) -> int:
    """The version that an image says that it is.

    Raises:
        UsageError: it does not say, and nobody else does.
        ConflictError: it is another one than was asked for, or of another model.
    """
    if (title := labels.get(_TITLE)) and title != model:
        raise ConflictError(f"the image is of the model {title[:80]!r}, not of {model}", where=where)
    text = labels.get(_VERSION, "")
    said = int(text) if text.isascii() and text.isdigit() and len(text) < 19 and title else None
    if asked is None and said is None:
        raise UsageError("the image does not say which version it is", where=where, hint="name it: MODEL@v12")
    if asked is not None and said is not None and asked != said:
        raise ConflictError(f"the image is of v{said}, not of v{asked}", where=where)
    return asked if asked is not None else said or 0
