"""How two versions of a dataset differ, as far as their profiles tell."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from mlops_ci.records.dataset import ColumnProfile, DatasetVersion
from mlops_ci.records.difference import ColumnChange, DatasetChange

_SHIFT = 0.1
_CHANCE = 1.36  # Kolmogorov's: two samples of one distribution are farther apart than that in one case of twenty
_SHARE = 0.01
_RANGE = 0.01
_VARIED = 2
_DATES = ("Date", "Time", "Duration")


def dataset_change(name: str, before: DatasetVersion | None, after: DatasetVersion | None) -> DatasetChange | None:
    """What differs between two versions of a dataset; None if their contents are the same.

    Of columns that both have, this is said:

    - ``type``: it is another.
    - ``missing``: the share of missing values changed by 1 percentage point or more, or from or to none at all.
    - ``range``: of numbers, an end moved by more than 1 % of the former range; of dates and times, an end moved; of
      texts, the two ranges have nothing in common, and so no value is the same.
    - ``values``: those of at least 1 % of the rows that are new (``after``) or gone (``before``). Only where the other
      side's list of values is complete, so that nothing is called new that merely was rare.
    - ``distinct``: of everything but numbers, there are at least twice as many distinct values, or half as many, and
      also for each row: that of ids, which grows with the rows, says nothing.
    - ``shift``: the distributions are at least 0.1 apart, and farther than two samples of one distribution would be by
      chance. ``size`` says how far: of numbers the Kolmogorov-Smirnov distance of the quantiles, which cannot see less
      than 0.05; of everything else the total variation distance of the frequent values, which is the least that it can
      be: what is not among them counts as the same.

    Args:
        name: what the dataset is called.
        before: its former version; None where it was not there.
        after: its present one; None where it is no more.
    """
    if (before and after and before.digest == after.digest) or not (before or after):
        return None
    if not (before and after and before.profile and after.profile):
        return DatasetChange(name, before, after)
    rows = (before.profile.rows, after.profile.rows)
    old = {column.name: column for column in before.profile.columns}
    new = {column.name: column for column in after.profile.columns}
    changes = [ColumnChange(column, "removed", old[column].type, None) for column in old if column not in new]
    changes += [ColumnChange(column, "added", None, new[column].type) for column in new if column not in old]
    for column in old:
        if column in new:
            changes += _column_changes(old[column], new[column], rows)
    return DatasetChange(name, before, after, tuple(changes))


def _column_changes(old: ColumnProfile, new: ColumnProfile, rows: tuple[int, int]) -> Iterator[ColumnChange]:
    if old.type != new.type:
        yield ColumnChange(new.name, "type", old.type, new.type)
    shares = _share(old.missing, rows[0]), _share(new.missing, rows[1])
    if round(abs(shares[0] - shares[1]), 9) >= _SHARE or (old.missing == 0) != (new.missing == 0):
        yield ColumnChange(new.name, "missing", _percent(shares[0]), _percent(shares[1]))
    if _range_moved(old, new):
        yield ColumnChange(new.name, "range", _range(old), _range(new))
    gone, come = _only_in(old, new, rows[0]), _only_in(new, old, rows[1])
    if gone or come:
        yield ColumnChange(new.name, "values", ", ".join(gone) or None, ", ".join(come) or None)
    known = (rows[0] - old.missing, rows[1] - new.missing)
    if _more_or_less_varied(old, new, known):
        yield ColumnChange(new.name, "distinct", f"{old.distinct:,}", f"{new.distinct:,}")
    size = _distance(old, new, known)
    if size is not None and size >= max(_SHIFT, _by_chance(*known)):
        yield ColumnChange(new.name, "shift", _centre(old, known[0]), _centre(new, known[1]), round(size, 3))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _percent(share: float) -> str:
    return f"{share:.2%}" if 0 < share < _SHARE else f"{share:.1%}"


def _range_moved(old: ColumnProfile, new: ColumnProfile) -> bool:
    ends = ((old.minimum, new.minimum), (old.maximum, new.maximum))
    if any(one is None or other is None for one, other in ends):
        return False
    if isinstance(old.minimum, str) or isinstance(new.minimum, str):
        if old.type.startswith(_DATES) and new.type.startswith(_DATES):
            return any(one != other for one, other in ends)
        return old.type == new.type and (str(old.maximum) < str(new.minimum) or str(new.maximum) < str(old.minimum))
    width = float(old.maximum or 0) - float(old.minimum or 0)
    return any(abs(float(other or 0) - float(one or 0)) > _RANGE * width for one, other in ends)


def _more_or_less_varied(old: ColumnProfile, new: ColumnProfile, rows: tuple[int, int]) -> bool:
    if old.quantiles or new.quantiles or not (old.distinct and new.distinct):
        return False
    counts = new.distinct / old.distinct
    shares = counts * rows[0] / rows[1]
    return min(counts, shares) >= _VARIED or max(counts, shares) <= 1 / _VARIED


def _range(column: ColumnProfile) -> str:
    return f"{_plain(column.minimum)} … {_plain(column.maximum)}"


def _plain(value: float | str | None) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _is_complete(column: ColumnProfile) -> bool:
    return column.distinct is not None and len(column.top) == column.distinct


def _only_in(column: ColumnProfile, other: ColumnProfile, rows: int) -> list[str]:
    """The frequent values that the other side surely does not have."""
    if not column.top or not other.top or not _is_complete(other):
        return []
    theirs = {item.value for item in other.top}
    return [item.value for item in column.top if item.value not in theirs and item.rows >= _SHARE * rows]


def _distance(old: ColumnProfile, new: ColumnProfile, rows: tuple[int, int]) -> float | None:
    if old.quantiles and new.quantiles:
        return _kolmogorov_smirnov(old.quantiles, new.quantiles)
    return _total_variation(old, new, rows) if old.top and new.top and all(rows) else None


def _by_chance(one: int, other: int) -> float:
    return _CHANCE * math.sqrt((one + other) / (one * other)) if one and other else math.inf


def _kolmogorov_smirnov(old: tuple[float, ...], new: tuple[float, ...]) -> float:
    """The largest distance of two distribution functions, each drawn through its quantiles."""
    return max(abs(side(old, at) - side(new, at)) for at in {*old, *new} for side in (_below, _up_to))


def _up_to(quantiles: tuple[float, ...], at: float) -> float:
    """The share of values up to ``at``."""
    return _level(quantiles, at, bisect_right(quantiles, at))


def _below(quantiles: tuple[float, ...], at: float) -> float:
    """The share of values below ``at``."""
    return _level(quantiles, at, bisect_left(quantiles, at))


def _level(quantiles: tuple[float, ...], at: float, place: int) -> float:
    """The level at ``at``, before which ``place`` quantiles lie, on the line between its neighbours."""
    if place == 0:
        return 0.0
    if place == len(quantiles):
        return 1.0
    low, high = quantiles[place - 1], quantiles[place]
    # Halves, as the difference of two large numbers may be no number.
    between = (at / 2 - low / 2) / (high / 2 - low / 2) if high / 2 > low / 2 else 0.0
    return (place - 1 + between) / (len(quantiles) - 1)


def _total_variation(old: ColumnProfile, new: ColumnProfile, rows: tuple[int, int]) -> float:
    """At least so much of the rows has another value, whatever those are that neither list names."""
    shares = [_shares(column, whole) for column, whole in ((old, rows[0]), (new, rows[1]))]
    lost = sum(max(0.0, share - _at_most(new, shares[1], value)) for value, share in shares[0].items())
    gained = sum(max(0.0, share - _at_most(old, shares[0], value)) for value, share in shares[1].items())
    return min(1.0, max(lost, gained))


def _shares(column: ColumnProfile, rows: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in column.top:  # values that were cut may have become the same
        found[item.value] = found.get(item.value, 0.0) + item.rows / rows
    return found


def _at_most(column: ColumnProfile, shares: dict[str, float], value: str) -> float:
    """The largest share that a value can have there: what is not listed is no more frequent than the last that is."""
    if value in shares:
        return shares[value]
    return 0.0 if _is_complete(column) else min(shares.values())


def _centre(column: ColumnProfile, rows: int) -> str:
    """The middle of a distribution in a few words."""
    if column.quantiles:
        low, middle, high = (
            column.quantiles[round(level * (len(column.quantiles) - 1))] for level in (0.25, 0.5, 0.75)
        )
        return f"median {middle:.6g} (half between {low:.6g} and {high:.6g})"
    return ", ".join(f"{item.value} {item.rows / rows:.0%}" for item in column.top[:3])
