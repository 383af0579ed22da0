"""What changed, in a few words a kind: for reports, and for differences that are shown whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import TypeVar

from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import Change, ColumnChange, DatasetChange, Difference, FileChange
from mlops_ci.report.wording import listed, visible

T = TypeVar("T")
_LISTED = 8
_COLUMNS = 3
_LONGEST = 60
_COMMON = 15  # characters that two long values share before they differ
_ORDER = ("modified", "added", "renamed", "deleted")
_SETTINGS = frozenset({"confidence", "on_inconclusive", "budget"})
_CALLED = {"python": "Python", "environment": "environment of"}


@dataclass(frozen=True, slots=True)
class Marking:
    """How a format shows foreign names, and other foreign text; values of params up to ``longest`` characters."""

    name: Callable[[str], str] = visible
    text: Callable[[str], str] = visible
    longest: int = _LONGEST


PLAIN = Marking()


def changed(
    difference: Difference, marking: Marking = PLAIN, most: int | None = _LISTED
) -> list[tuple[str, list[str]]]:
    """What changed by kind, one by one.

    Args:
        difference: what differs.
        marking: how names and values are shown.
        most: how many of a kind are told of; None for all.
    """
    return [(kind, texts) for kind, texts in _kinds(difference, marking, most) if texts]


def in_line(kind: str, items: Sequence[str]) -> str:
    """The changes of a kind in one line; those of a dataset have commas of their own."""
    return ("; " if kind == "data" else ", ").join(items)


def unchanged(difference: Difference) -> str | None:
    """What is the same, such as ``data and environment``."""
    same = [kind for kind, texts in _kinds(difference, PLAIN, 1) if texts is not None and not texts]
    return listed(same) if same else None


def _kinds(difference: Difference, marking: Marking, most: int | None) -> list[tuple[str, list[str] | None]]:
    """The changes of each kind, one by one; None where they are not known."""

    def some(items: Sequence[T] | None, say: Callable[[T, Marking], str]) -> list[str] | None:
        return None if items is None else [*(say(item, marking) for item in items[:most]), *_more(items, most)]

    columns = None if most is None else _COLUMNS
    files = difference.files
    return [
        ("files", None if files is None else [*_files(files, marking, most), *_more(files, most)]),
        ("params", some(difference.params, _param)),
        ("data", some(difference.datasets, lambda change, marking: _dataset(change, marking, columns))),
        ("environment", some(difference.packages, _package)),
        ("gate rules", some(difference.rules, _rule)),
    ]


def _more(items: Sequence[object], most: int | None) -> list[str]:
    return [f"and {len(items) - most:,} more"] if most is not None and len(items) > most else []


def _files(files: Sequence[FileChange], marking: Marking, most: int | None) -> list[str]:
    """Files of one status together; without a limit each by itself."""
    found = []
    shown = sorted(files, key=lambda change: _ORDER.index(change.status))[:most]
    for (status, _), group in groupby(shown, key=lambda change: (change.status, change.old if most else change.path)):
        changes = list(group)
        names = ", ".join(marking.name(_cut(change.path)) for change in changes)
        old = changes[0].old
        found.append(f"{marking.name(_cut(old))} renamed to {names}" if old else f"{names} {status}")
    return found


def _param(change: Change, marking: Marking) -> str:
    name, before, after = marking.name(_cut(change.name)), change.before, change.after
    if before is None or after is None:
        value = marking.text(_cut(after or before or ""))
        return f"{name} {value} added" if before is None else f"{name} (was {value}) removed"
    return f"{name} {' → '.join(marking.text(side) for side in _cut_both(before, after, marking.longest))}"


def _package(change: Change, marking: Marking) -> str:
    name = _CALLED.get(change.name) or marking.text(_cut(change.name))
    before, after = (side and marking.text(_cut(side)) for side in (change.before, change.after))
    if before and after:
        return f"{name} {before} → {after}"
    return f"{name} {after} added" if after else f"{name} {before} removed"


def _rule(change: Change, marking: Marking) -> str:
    if change.name in _SETTINGS:
        before, after = (marking.text(_cut(side or "none")) for side in (change.before, change.after))
        return f"{change.name} {before} → {after}"
    sides = [marking.name(_cut(side)) for side in (change.before, change.after) if side is not None]
    if len(sides) == 2:
        return f"{sides[0]} → {sides[1]}"
    return f"{sides[0]} {'added' if change.before is None else 'dropped'}" if sides else ""


def _dataset(change: DatasetChange, marking: Marking, most: int | None) -> str:
    name, before, after = marking.name(_cut(change.name)), change.before, change.after
    if before is None or after is None:
        return f"{name} {'added' if before is None else 'removed'}{_in_brackets(after or before)}"
    named = list(dict.fromkeys(column.column for column in change.columns))
    columns = [_column(column, marking) for column in change.columns if column.column in named[:most]]
    if most is not None and (more := len(named) - most) > 0:
        columns.append(f"and {more:,} more columns" if more > 1 else "and one more column")
    return f"{name}: {', '.join([_content(before, after), *columns])}"


def _content(before: DatasetVersion, after: DatasetVersion) -> str:
    old, new = before.profile, after.profile
    if old is None or new is None:
        known = before.files and after.files and before.size != after.size
        return f"other content, {before.size:,} → {after.size:,} bytes" if known else "other content"
    return f"{old.rows:,} → {new.rows:,} rows" if old.rows != new.rows else f"other content in {new.rows:,} rows"


def _in_brackets(version: DatasetVersion | None) -> str:
    return f" ({version.profile.rows:,} rows)" if version and version.profile else ""


def _column(change: ColumnChange, marking: Marking) -> str:
    name = marking.name(_cut(change.column))
    if change.what in {"added", "removed"}:
        return f"column {name} {change.what}"
    if change.what == "shift":
        return f"column {name} shifted" + (f" by {change.size:.2f}" if change.size is not None else "")
    before, after = (marking.text(_cut(side)) if side else "" for side in (change.before, change.after))
    if change.what == "values":
        sides = [f"{before} gone" if before else "", f"{after} new" if after else ""]
        return f"column {name}: {', '.join(filter(None, sides))}"
    return f"column {name}: {change.what} {before or 'none'} → {after or 'none'}"


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _cut_both(before: str, after: str, longest: int) -> tuple[str, str]:
    """Of two long values little of what both begin with, so that what differs is told."""
    if max(len(before), len(after)) <= longest:
        return before, after
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    same = max(0, alike - _COMMON)
    start = "…" if same else ""
    return _cut(start + before[same:], longest), _cut(start + after[same:], longest)
