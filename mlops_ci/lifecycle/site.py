"""A deployment's name and place, with all that it takes to drive it there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mlops_ci.deployment.target import Answer, Target
from mlops_ci.edge.clock import Clock, now
from mlops_ci.records.deployment import DeploymentState, Instance
from mlops_ci.records.digest import digest_of_bytes, hexadecimal
from mlops_ci.registry.model_log import ModelLog

Say = Callable[[str, str], None]
"""Tells of a stage: its name, and what is going on."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how a model is deployed.

    ``workspace`` is the workspace's id, ``timeout`` in seconds; ``probe`` asks an instance where clients do and raises
    if it does not answer; ``headers`` are those that the server wants of every caller.
    """

    log: ModelLog
    workspace: str
    name: str
    target: Target
    timeout: float
    tolerance: float
    say: Say
    probe: Callable[[Instance], None]
    headers: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = now
    sleep: Callable[[float], None] = time.sleep

    @property
    def known(self) -> DeploymentState | None:
        """The deployment as the log tells it now."""
        return self.log.read().deployments.get(self.name)

    def unique(self, entry: int) -> str:
        """What tells the instance that a trial starts from all others: whoever reads the log can tell it, too."""
        return f"{self._prefix}{entry}"

    def instances(self) -> dict[str, Instance]:
        """The instances that this workspace has started, by ``unique``; another one may use the same place."""
        found = self.target.instances(self.log.model, self.name)
        return {unique: instance for unique, instance in found.items() if unique.startswith(self._prefix)}

    def ask(self, instance: Instance) -> Callable[[str, str, bytes, Mapping[str, str]], Answer]:
        """Sends requests to one instance."""
        return lambda method, path, content, headers: self.target.request(instance, method, path, content, headers)

    @property
    def _prefix(self) -> str:
        identity = f"{self.workspace}/{self.log.model}/{self.name}"
        return hexadecimal(digest_of_bytes(identity.encode()))[:10] + "-"
