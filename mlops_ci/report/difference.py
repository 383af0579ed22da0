"""A difference of two runs or versions, shown whole on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.commit import Commit
from mlops_ci.records.difference import Difference, MetricChange
from mlops_ci.report.changes import Marking, changed, unchanged
from mlops_ci.report.terminal import note_lines, rendered
from mlops_ci.report.wording import change_text, value_text, visible

_LONGEST = 500


def render_difference(difference: Difference, *, width: int, colour: bool) -> str:
    """The difference as lines of at most ``width`` columns; each change has a line of its own."""
    head = Text.assemble((visible(difference.before), "bold"), " → ", (visible(difference.after), "bold"))
    parts: list[RenderableType] = [head]
    for title, commits in (("commits", difference.commits), ("without the commits", difference.without)):
        parts += _section(title, [_commit(commit) for commit in commits or ()])
    for kind, texts in changed(difference, Marking(longest=_LONGEST), most=None):
        parts += _section(kind, texts)
    if difference.metrics:
        parts += ["", Text("metrics", "dim"), _metrics(difference.metrics)]
    same = unchanged(difference)
    if same:
        parts += ["", Text(f"same {same}")]
    if difference.notes:
        parts += ["", *note_lines(difference.notes)]
    return rendered(parts, width=width, colour=colour)


def _section(title: str, lines: list[str]) -> list[RenderableType]:
    if not lines:
        return []
    return ["", Text(title, "dim"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]


def _commit(commit: Commit) -> str:
    return f"{commit.short} {visible(commit.subject)} ({visible(commit.author.partition(' <')[0])})"


def _metrics(changes: tuple[MetricChange, ...]) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    table.add_column("", overflow="fold")
    for _ in range(2):
        table.add_column("", justify="right")
    table.add_column("")
    for change in changes:
        before, after = change.before, change.after
        difference = change_text(after - before, after) if before is not None and after is not None else ""
        table.add_row(Text(visible(change.name)), value_text(before) or "–", value_text(after) or "–", difference)
    return Padding(table, (0, 0, 0, 2))
