"""Where collected requests lie in a workspace: a part of its layout; pure."""

from __future__ import annotations

from mlops_ci.workspace.layout import COLLECTED, DIGITS


def collected_prefix(model: str) -> str:
    """What scoring servers collected of a model."""
    return f"{COLLECTED}{model}/"


def segments_prefix(model: str) -> str:
    """The segments of a model that are to be compacted."""
    return f"{collected_prefix(model)}segments/"


def segment_key(model: str, name: str) -> str:
    """A segment of collected requests as a server sent it, to be compacted."""
    return segments_prefix(model) + name


def damaged_segment_key(model: str, name: str) -> str:
    """A segment that cannot be read, set aside."""
    return f"{collected_prefix(model)}damaged/{name}"


def compacted_days_prefix(model: str, day: str | None = None) -> str:
    """The collected requests of a model as Parquet: all, or those of one day."""
    return f"{collected_prefix(model)}days/" + (f"{day}/" if day else "")


def compacted_day(model: str, key: str) -> str:
    """The day of collected requests as Parquet."""
    return key.removeprefix(compacted_days_prefix(model)).partition("/")[0]


def compacted_key(model: str, day: str, name: str) -> str:
    """Collected requests of one day as Parquet."""
    return f"{compacted_days_prefix(model, day)}{name}.parquet"


def compactions_prefix(model: str) -> str:
    """What compactions mean to do."""
    return f"{collected_prefix(model)}compactions/"


def compaction_key(model: str, seq: int) -> str:
    """What a compaction means to do, counted from 1."""
    return f"{compactions_prefix(model)}{seq:0{DIGITS}d}.json"
