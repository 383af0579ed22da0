"""What differs between two runs or versions of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_ci.records.commit import Commit
from mlops_ci.records.dataset import DatasetVersion


@dataclass(frozen=True, slots=True)
class Change:
    """A named thing that is another now, as text. Null: it is not there on that side."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the repository that was added, modified or deleted, or renamed from ``old``."""

    path: str
    status: Literal["added", "modified", "deleted", "renamed"]
    old: str | None = None


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A metric of both sides; null where it has no value."""

    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """How a column of a dataset changed.

    ``what`` says in which respect. ``size`` is the effect size of a ``shift``, from 0 (the same distribution) to 1
    (nothing in common), and null for everything else.
    """

    column: str
    what: Literal["added", "removed", "type", "missing", "range", "values", "distinct", "shift"]
    before: str | None
    after: str | None
    size: float | None = None


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """A dataset with another content, or that only one side has.

    ``columns`` is empty where one side has no profile, or where nothing but rows changed.
    """

    name: str
    before: DatasetVersion | None
    after: DatasetVersion | None
    columns: tuple[ColumnChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs from ``before`` to ``after``, which are named as people would: ``v12``, ``3f2a91c``, a run.

    An empty tuple means: the same. Null means that it is not known, for a reason that ``notes`` give: a shallow clone,
    a record that is no more. ``commits`` are those that ``after`` has and ``before`` has not, newest first; ``files``
    those that a run is made of; ``packages`` also has the Python version, as ``python``; ``rules`` are those of the
    gate. ``without`` are commits that ``before`` has and ``after`` has not, newest first: it goes back, or stands on
    another branch. Null: nobody has asked.
    """

    before: str
    after: str
    commits: tuple[Commit, ...] | None = ()
    files: tuple[FileChange, ...] | None = ()
    params: tuple[Change, ...] | None = ()
    datasets: tuple[DatasetChange, ...] | None = ()
    packages: tuple[Change, ...] | None = ()
    rules: tuple[Change, ...] | None = ()
    metrics: tuple[MetricChange, ...] = ()
    notes: tuple[str, ...] = ()
    without: tuple[Commit, ...] | None = None
