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
        verb: the verb of the command line, a group's with a blank (``image push``). ``setup`` alone is none, and only
            installs.
        title: what lists of actions and tasks show.
        summary: one sentence.
        outputs: what it hands on.
        leave_out: options that make no sense in a job, such as those about printing.
        extras: what it needs of the package whatever the project says.
        called: the name of the action, where it is not that of the verb.
        needs_more: whether it needs extras of the package that follow from its verb and what the project says.
        runs_steps: whether it may run steps of the pipeline, whose results are worth keeping for the next job.
    """

    verb: str
    title: str
    summary: str
    outputs: tuple[Output, ...] = ()
    leave_out: frozenset[str] = field(default_factory=frozenset)
    extras: tuple[str, ...] = ()
    called: str | None = None
    needs_more: bool = False
    runs_steps: bool = False

    @property
    def name(self) -> str:
        """The name of the action: ``lower-case-with-dashes``."""
        return self.called or self.verb

    @property
    def reports(self) -> bool:
        """Whether it leaves a report that another workflow can post."""
        return any(output.name == "report-json" for output in self.outputs)

    @property
    def installs_only(self) -> bool:
        """Whether it is ``setup``, which runs no verb."""
        return self.verb == "setup"

    @property
    def declared_by(self) -> str:
        """The verb whose options are the inputs."""
        return "extras" if self.installs_only else self.verb
