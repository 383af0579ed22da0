"""Says how two predictions files differ that should be about the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.gate.reading.evidence_file import PredictionsFormat, open_predictions
from mlops_ci.gate.reading.evidence_values import labels

if TYPE_CHECKING:
    import polars as pl

_Side = tuple[Path, PredictionsFormat]


def difference(candidate: _Side, baseline: _Side) -> str:
    """What the candidate's and the baseline's rows differ in, with counts and an example; both can be read."""
    (ours, our_id), (theirs, their_id) = (open_predictions(file, how, str(file)) for file, how in (candidate, baseline))
    if (our_id is None) != (their_id is None):
        without = "the baseline's" if our_id else "the candidate's"
        return f"not the same rows: {without} file has no ids, the other one has"
    if our_id is None or their_id is None:
        if ours.height != theirs.height:
            return (
                f"not the same rows: the candidate's file has {ours.height:,}, the baseline's {theirs.height:,}, and "
                "without ids rows are paired by position"
            )
        return _other_targets(ours, theirs, candidate[1], "row")
    known, before = ours[our_id].cast(str), theirs[their_id].cast(str)
    only_ours, only_theirs = known.filter(~known.is_in(before.implode())), before.filter(~before.is_in(known.implode()))
    if len(only_ours) or len(only_theirs):
        shared = len(known) - len(only_ours)
        found = [
            f"{len(ids):,} of {total:,} only in the {side}'s file (such as {ids.min()!r})"
            for ids, total, side in ((only_ours, len(known), "candidate"), (only_theirs, len(before), "baseline"))
            if len(ids)
        ]
        return f"not the same ids: {', '.join(found)}; {shared:,} in both"
    return _other_targets(ours[known.arg_sort()], theirs[before.arg_sort()], candidate[1], "id", our_id)


def _other_targets(
    ours: pl.DataFrame, theirs: pl.DataFrame, how: PredictionsFormat, kind: str, identity: str | None = None
) -> str:
    target = how.columns.target
    if how.task in {"binary", "multiclass"}:
        here, there = labels(ours[target]), labels(theirs[target])
    else:
        here, there = ours[target].cast(float), theirs[target].cast(float)
    other = (here != there).arg_true()
    if not len(other):
        return "not the same rows: the files differ in what they are about"
    first = other[0]
    name = repr(str(ours[identity][first])) if identity else f"{first + 1:,}"
    example = f"{kind} {name}: {here[first]!r} in the candidate's file, {there[first]!r} in the baseline's"
    return f"not the same targets: {len(other):,} of {ours.height:,} differ (such as {example})"
