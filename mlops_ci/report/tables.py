"""Tables of Markdown; cells are Markdown already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from mlops_ci.report.wording import visible


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """A table; ``right`` numbers the columns of numbers."""
    rule = ["---:" if at in right else "---" for at in range(len(header))]
    return "\n".join(_line(cells) for cells in (header, rule, *rows))


def facts_table(rows: Iterable[tuple[str, str]]) -> str:
    """What is known, each with its name; what is empty is left out."""
    known = [row for row in rows if row[1]]
    return table(("", ""), known) if known else ""


def code_cell(text: str) -> str:
    """Foreign text as a code span of a cell, where a bar has a backslash before it, as nowhere else in code."""
    text = visible(text).replace("`", "'").replace("\\|", "\\¦").replace("|", "\\|")
    return f"`{text}`" if text else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
