"""What differs between two versions of a dataset."""

from __future__ import annotations

from mlops_ci.records.dataset import ColumnProfile, DatasetVersion
from mlops_ci.records.difference import ColumnChange, DatasetChange


def dataset_change(name: str, before: DatasetVersion | None, after: DatasetVersion | None) -> DatasetChange | None:
    """Compare two versions of a dataset; None where both have the same content.

    Args:
        name: what the project calls it.
        before: the earlier version, if there was one.
        after: the later version, if there is one.
    """
    if (before.digest if before else None) == (after.digest if after else None):
        return None
    if not (before and before.profile and after and after.profile):
        return DatasetChange(name, before, after)
    old = {column.name: column for column in before.profile.columns}
    new = {column.name: column for column in after.profile.columns}
    changes = [ColumnChange(column, "removed", old[column].type, None) for column in old if column not in new]
    for column, profile in new.items():
        if column in old:
            changes += _column_changes(old[column], profile)
        else:
            changes.append(ColumnChange(column, "added", None, profile.type))
    return DatasetChange(name, before, after, tuple(changes))


def _column_changes(before: ColumnProfile, after: ColumnProfile) -> list[ColumnChange]:
    changes = []
    if before.type != after.type:
        changes.append(ColumnChange(after.name, "type", before.type, after.type))
    elif _range(before) != _range(after):
        changes.append(ColumnChange(after.name, "range", _range(before), _range(after)))
    return changes


def _range(column: ColumnProfile) -> str | None:
    if column.minimum is None or column.maximum is None:
        return None
    low, high = (side if isinstance(side, str) else f"{side:g}" for side in (column.minimum, column.maximum))
    return f"{low} to {high}"
