"""Tables of Markdown; cells are Markdown already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """A table; ``right`` numbers the columns of numbers."""
    rule = ["---:" if at in right else "---" for at in range(len(header))]
    return "\n".join(_line(cells) for cells in (header, rule, *rows))


def facts_table(rows: Iterable[tuple[str, str]]) -> str:
    """What is known, each with its name; what is empty is left out."""
    known = [row for row in rows if row[1]]
    return table(("", ""), known) if known else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
