"""Pipelines, classic releases and incoming webhooks: what starts something."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.parts.azure_devops.replies import RefusedError, now
from tests.parts.azure_devops.repositories import Project, Repository
from tests.parts.azure_devops.shapes import RELEASE_REASONS, named
from tests.parts.loopback import Request

_PIPELINES = "Microsoft.Azure.Pipelines.WebApi"
_RELEASES = "Microsoft.VisualStudio.Services.ReleaseManagement.WebApi.Exceptions"


@dataclass
class Pipeline:
    """A YAML pipeline. Of its ``parameters`` the value is the default; None: one has to be given.

    ``settable`` are the variables that may be set when it is started.
    """

    number: int
    name: str
    project: Project
    repository: Repository
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settable: frozenset[str] = frozenset()
    runs: list[dict[str, Any]] = field(default_factory=list)

    def run(self, body: dict[str, Any], number: int, collection: str) -> dict[str, Any]:
        """Start it.

        Raises:
            RefusedError: what it is given does not fit it.
        """
        ref = body.get("resources", {}).get("repositories", {}).get("self", {}).get("refName", "refs/heads/main")
        if ref not in self.repository.refs:
            raise _invalid(
                f"/azure-pipelines.yml: Could not get the latest source version for repository {self.repository.name} "
                f"hosted on Azure Repos using ref {ref}."
            )
        given = body.get("templateParameters", {})
        known = {name.lower() for name in self.parameters}
        if unexpected := [name for name in given if name.lower() not in known]:
            raise _invalid(f"Unexpected parameter '{unexpected[0]}'")
        values = {name.lower(): value for name, value in given.items()}
        chosen = {name: values.get(name.lower(), default) for name, default in self.parameters.items()}
        if missing := [name for name, value in chosen.items() if value is None]:
            raise _invalid(f"A value for the '{missing[0]}' parameter must be provided.")
        if forbidden := sorted(set(body.get("variables", {})) - self.settable):
            raise _invalid(
                "See https://aka.ms/AzPipelines/SettingVariablesAtQueueTime - You can't set the following variables "
                f"({','.join(forbidden)}). If you want to be able to set these variables, then edit the pipeline and "
                "select Settable at queue time on the variables tab of the pipeline editor."
            )
        started = {
            "id": number,
            "name": f"20240101.{number}",
            "state": "inProgress",
            "createdDate": now(),
            "templateParameters": chosen,
            "variables": body.get("variables", {}),
            "pipeline": {"id": self.number, "name": self.name, "folder": "\\", "revision": 1},
            "resources": {"repositories": {"self": {"repository": {"id": self.repository.id}, "refName": ref}}},
            "url": f"{collection}{self.project.id}/_apis/pipelines/{self.number}/runs/{number}",
            "_links": {"web": {"href": f"{collection}{self.project.id}/_build/results?buildId={number}"}},
        }
        if not body.get("previewRun"):
            self.runs.append(started)
        return started


def no_pipeline(number: str) -> RefusedError:
    """How a pipeline that is not there is refused."""
    message = f"TF215016: The build pipeline {number} does not exist. Specify a valid build pipeline and try again."
    return RefusedError(404, "DefinitionNotFoundException", message, namespace="Microsoft.TeamFoundation.Build.WebApi")


def _invalid(message: str) -> RefusedError:
    return RefusedError(400, "PipelineValidationException", message, namespace=_PIPELINES)


@dataclass
class ReleaseDefinition:
    """A classic release pipeline. ``artifacts``: the aliases it has; True where a version has to be given."""

    number: int
    name: str
    project: Project
    artifacts: Mapping[str, bool] = field(default_factory=dict)
    settable: frozenset[str] = frozenset()
    releases: list[dict[str, Any]] = field(default_factory=list)

    def release(self, body: dict[str, Any], number: int, base: str) -> dict[str, Any]:
        """Create a release.

        Raises:
            RefusedError: what it is given does not fit it.
        """
        given = {each["alias"]: each["instanceReference"] for each in body.get("artifacts", [])}
        if unknown := sorted(set(given) - set(self.artifacts)):
            message = f"VS402880: No artifact with the alias '{unknown[0]}' is linked to the release definition."
            raise RefusedError(400, "InvalidRequestException", message, namespace=_RELEASES)
        if missing := sorted(alias for alias, needed in self.artifacts.items() if needed and alias not in given):
            message = f"VS402962: No version is given for the artifact '{missing[0]}', and it has no default."
            raise RefusedError(400, "InvalidRequestException", message, namespace=_RELEASES)
        if forbidden := sorted(set(body.get("variables", {})) - self.settable):
            message = f"VS402997: The variables cannot be overridden at release time: {', '.join(forbidden)}."
            raise RefusedError(400, "InvalidRequestException", message, namespace=_RELEASES)
        created = {
            "id": number,
            "name": f"Release-{number}",
            "status": "draft" if body.get("isDraft") else "active",
            "createdOn": now(),
            "description": body.get("description", ""),
            "reason": named(body.get("reason", "none"), RELEASE_REASONS),
            "variables": body.get("variables", {}),
            "artifacts": [{"alias": alias, "definitionReference": {"version": given[alias]}} for alias in given],
            "releaseDefinition": {"id": self.number, "name": self.name},
            "url": f"{base}{self.project.id}/_apis/release/releases/{number}",
            "_links": {"web": {"href": f"{base}{self.project.id}/_release?releaseId={number}&_a=release-summary"}},
        }
        self.releases.append(created)
        return created


def no_release_definition(number: int) -> RefusedError:
    """How a release definition that is not there is refused."""
    message = f"VS402885: Release definition with ID {number} does not exist. Specify a valid ID and try again."
    return RefusedError(404, "ReleaseDefinitionNotFoundException", message, namespace=_RELEASES)


@dataclass
class IncomingWebhook:
    """A service connection of type Incoming WebHook: with a ``secret`` it wants a signature in the ``header``."""

    name: str
    secret: str | None = None
    header: str = "X-Hub-Signature"
    events: list[Any] = field(default_factory=list)

    def take(self, request: Request, event: Any) -> None:
        """Take an event.

        Raises:
            RefusedError: it is not signed with the secret, over the very bytes that came.
        """
        if self.secret is not None:
            expected = "sha1=" + hmac.new(self.secret.encode(), request.body, hashlib.sha1).hexdigest()
            if not hmac.compare_digest(expected, request.headers.get(self.header.lower(), "").lower()):
                message = f"The signature in the header {self.header} does not match the payload."
                raise RefusedError(401, "UnauthorizedRequestException", message)
        self.events.append(event)
