"""What the host says about the job it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_ci.records.actor import Actor

Event = Literal["push", "pull_request"]


@dataclass(frozen=True, slots=True)
class HostContext:
    """The event a job answers, as the host describes it.

    ``base`` is the commit whose rules judge a pull request; ``ephemeral`` says that the machine and its
    disk are gone when the job ends.
    """

    host: str
    event: Event
    branch: str | None
    default_branch: str
    base: str | None
    ephemeral: bool
    actor: Actor
