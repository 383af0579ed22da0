"""The rows of a rescored version that a candidate has predictions for."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.gate.reading.evidence_file import PredictionsFormat, open_predictions


def on_rows_of(ours: Path, theirs: Path, how: PredictionsFormat, target: Path, *, called: str) -> tuple[Path, bool]:
    """Predictions reduced to the rows of others, where they have these and more; else as they are.

    Args:
        ours: the others.
        theirs: the predictions.
        how: how both are read.
        target: where to leave the result, without an ending; that of a table is added.
        called: the name under which the user knows the predictions.

    Returns:
        the file, and whether it is reduced.

    Raises:
        UsageError: one of them cannot be read.
    """
    mine, my_id = open_predictions(ours, how, how.columns.path)
    frame, their_id = open_predictions(theirs, how, called)
    if my_id and their_id and frame.height > mine.height:
        wanted = mine[my_id].cast(str)
        kept = frame.filter(frame[their_id].cast(str).is_in(wanted.implode()))
        if kept.height == mine.height:
            found = target.with_suffix(".parquet")
            kept.write_parquet(found)
            return found, True
    return theirs.replace(target.with_suffix(theirs.suffix)), False
