"""Datasets in plain lines: a profile, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, DatasetSource, DatasetVersion
from mlops_ci.records.difference import ColumnChange, DatasetChange
from mlops_ci.records.digest import short
from mlops_ci.report.wording import visible

_NARROW = 24


def size_line(version: DatasetVersion) -> str:
    """How much there is of a version, and why there is no profile of its table."""
    rows = f"{version.profile.rows:,} rows of {len(version.profile.columns)} columns, " if version.profile else ""
    files = f" in {version.files:,} files" if version.files != 1 else ""
    reason = f", no profile: {visible(version.unprofiled)}" if version.unprofiled else ""
    return f"{rows}{version.size:,} bytes{files}{reason}"


def source_line(source: DatasetSource) -> str:
    """What a version that is elsewhere is known by, and where that is."""
    tag = f" {source.tag}" if source.tag else ""
    return f"{source.fingerprint}{tag}" + (f" at {source.uri}" if source.uri else "")


def profile_rows(profile: DatasetProfile) -> Iterator[tuple[str, str, str, str]]:
    """A row for each column: its name, type, missing values, and what its values are like."""
    for column in profile.columns:
        missing = f"{column.missing / profile.rows:.1%}" if column.missing else ""
        kind = column.type.partition("(")[0]
        yield _cut(column.name), kind, missing, " ".join(visible(part) for part in _values(column, profile.rows))


def change_lines(change: DatasetChange) -> Iterator[str]:
    """What differs between two versions, a line each."""
    before, after = change.before, change.after
    for mark, version in (("-", before), ("+", after)):
        if version:
            yield f"{mark} {short(version.digest)}  {size_line(version)}"
    for column in change.columns:
        yield f"{visible(column.column)}: {visible(_said(column))}"
    if before and after and before.profile and after.profile and not change.columns:
        yield "no column changed in a way that its profile tells"


def _said(change: ColumnChange) -> str:
    if change.what in {"added", "removed"}:
        return f"column {change.what} ({change.after or change.before})"
    if change.what == "values":
        gone = f"gone: {change.before}" if change.before else ""
        new = f"new: {change.after}" if change.after else ""
        return f"values {'; '.join(filter(None, (new, gone)))}"
    size = f", {change.size:.2f} apart" if change.size is not None else ""
    return f"{change.what} {change.before} → {change.after}{size}"


def _values(column: ColumnProfile, rows: int) -> Iterator[str]:
    if column.quantiles:
        middle = column.quantiles[len(column.quantiles) // 2]
        yield f"{column.minimum:.6g} … {middle:.6g} … {column.maximum:.6g}"
    elif column.top:
        yield ", ".join(f"{_cut(item.value)} {item.rows / rows:.0%}" for item in column.top[:3])
    elif column.minimum is not None:
        yield f"{column.minimum} … {column.maximum}"
    if column.distinct is not None and not column.quantiles:
        yield f"({column.distinct:,} distinct)"


def _cut(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _NARROW else text[: _NARROW - 1] + "…"
