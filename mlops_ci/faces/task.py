"""What is said of a task that its verb does not say already."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Output:
    """A value that later steps and jobs can read. ``name`` is written as GitHub does: ``lower-case-with-dashes``."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Task:
    """A verb that is an action on GitHub and a task in Azure Pipelines.

    Args:
        verb: the verb of the command line; ``setup`` alone has none and installs mlops-ci.
        title: what lists of actions and tasks show.
        summary: one sentence.
        outputs: what it hands on.
        leave_out: options that make no sense in a job, such as those about printing.
    """

    verb: str
    title: str
    summary: str
    outputs: tuple[Output, ...] = ()
    leave_out: frozenset[str] = field(default_factory=frozenset)
