"""A project with receivers, the log of its model, and what the tests do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.lifecycle.triggering import Told, Triggering
from mlops_ci.project.load import load_project
from mlops_ci.project.project import Project
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.store import Store
from tests.registry.deliveries import Time
from tests.registry.making import MODEL, open_log, registration, sha
from tests.workspace.memory import MemoryStore

PROJECT = f"""\
version: 1
model: {{name: {MODEL}}}
steps:
  train: {{run: "true", outputs: [build/model.bin]}}
triggers:
"""
METRICS = {"accuracy": 0.91, "size": 10.0}


def project(*promoted: str, registered: tuple[str, ...] = ()) -> Project:
    """A project with these receivers, as lines of ``mlops.yaml``."""
    lines = ["  model-promoted:", *(f"    - {line}" for line in promoted)] if promoted else []
    lines += ["  model-registered:", *(f"    - {line}" for line in registered)] if registered else []
    return load_project((PROJECT + "\n".join(lines) + "\n").encode(), "mlops.yaml")


def never(seconds: float) -> None:
    """Waits as long as no test has to."""


@dataclass
class Office:
    """A workspace with a model, whose receivers have listened from the beginning."""

    sources: Path
    project: Project
    environ: Mapping[str, str] = field(default_factory=dict)
    store: Store = field(default_factory=MemoryStore)
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.workspace = initialise(self.store).id
        self.triggering().listen()

    def triggering(self, store: Store | None = None) -> Triggering:
        """As another process would see it."""
        place = store or self.store
        return Triggering(self.project, lambda: open_log(place), self.environ, self.time, sleep=never)

    def register(self, number: int, **fields: Any) -> str:
        """Register a version; return the id of the event."""
        given: dict[str, Any] = {"metrics": METRICS, "tags": {"team": "fraud"}, **fields}
        register(open_log(self.store), registration(self.sources, sha(number), f"f{number}", **given))
        return self.newest()

    def promote(self, version: int) -> str:
        """Promote a version; return the id of the event."""
        move_alias(open_log(self.store), "champion", version, rollback=True, reason=None)
        return self.newest()

    def newest(self) -> str:
        """The id that the event of the newest entry has."""
        return f"{self.workspace}/{MODEL}/{open_log(self.store).read().head}"

    def deliver(self) -> dict[str, Told]:
        """Deliver what is due."""
        return {told.sink: told for told in self.triggering().deliver()}
