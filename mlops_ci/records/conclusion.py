"""What a host shows beside a commit or a pull request: a check run, a status, annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["notice", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark, where possible on a line of a file. ``file`` is relative to the top of the repository."""

    level: Level
    message: str
    title: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a job says of a model, in short; ``summary`` is Markdown, ``url`` shows the job's run.

    ``neutral`` neither blocks nor praises: nothing changed, or nothing was judged. ``run`` and ``attempt`` tell which
    of two at one commit is the newer.
    """

    model: str
    state: Literal["success", "failure", "neutral"]
    title: str
    summary: str
    commit: str
    url: str | None = None
    annotations: tuple[Annotation, ...] = ()
    run: int = 0
    attempt: int = 1
