"""A host that tells what a test says, and keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlops_ci.hosts.host import Repository
from mlops_ci.records.actor import Actor
from mlops_ci.records.conclusion import Annotation
from mlops_ci.records.host import HostContext


@dataclass
class ToldHost:
    """Implements the Protocol ``Host``."""

    told: HostContext
    settings: Mapping[str, str] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    handed: dict[str, str] = field(default_factory=dict)

    def context(self, repository: Repository) -> HostContext:
        return self.told

    def actor(self) -> Actor:
        return self.told.actor

    def neutralise(self, line: str) -> str:
        return line

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        yield

    def mask(self, secret: str) -> None:
        pass

    def annotate(self, annotation: Annotation) -> None:
        self.annotations.append(annotation)

    def outputs(self, values: Mapping[str, str]) -> None:
        self.handed |= values

    def summary(self, markdown: str) -> None:
        pass

    def git_settings(self) -> Mapping[str, str]:
        return self.settings

    def reviews(self, context: HostContext | None) -> None:
        return

    def workflow_run(self) -> None:
        return
