"""A session opened in the tests' own process."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.edge.clock import now
from mlops_ci.lifecycle.arrival import Options
from mlops_ci.lifecycle.session import Session, open_session
from mlops_ci.records.run import StepRun
from tests.support.lab import Lab, clean_environment


class Silent:
    """Hears of a run and remembers what ended, and how."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def started(self, step: str, reasons: tuple[str, ...]) -> None:
        """A step starts."""

    def line(self, step: str, text: str) -> None:
        """A step printed a line."""

    def finished(self, step: StepRun) -> None:
        """A step ended."""
        self.ended[step.label] = step.status


def session_of(lab: Lab, env: dict[str, str] | None = None, project: str = ".") -> Session:
    """A session on the checkout of a lab, on no host; ``project`` is the folder of its project file."""
    said: list[str] = []
    return open_session(
        Options(
            project=Path(lab.folder, project),
            workspace=None,
            host="local",
            environ=clean_environment() | (env or {}),
            clock=now,
            say=said.append,
        )
    )
