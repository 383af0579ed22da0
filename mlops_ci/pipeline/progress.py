"""How a run tells what it is doing."""

from __future__ import annotations

from typing import Protocol

from mlops_ci.records.run import StepRun


class Progress(Protocol):
    """Hears of a run as it goes; called from several threads at once."""

    def started(self, step: str, reasons: tuple[str, ...]) -> None:
        """A step starts to run; one that runs for several seeds is named with its seed."""
        ...

    def line(self, step: str, text: str) -> None:
        """A step printed a line; it is redacted already."""
        ...

    def finished(self, step: StepRun) -> None:
        """A step ended, or was found to be known."""
        ...
