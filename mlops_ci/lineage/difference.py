"""What differs between two runs or versions of a model, whoever has found out about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_ci.errors import IntegrityError
from mlops_ci.lineage.data_difference import dataset_change
from mlops_ci.lineage.package_difference import package_changes
from mlops_ci.lineage.rule_difference import rule_changes
from mlops_ci.records.commit import Commit
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import Change, DatasetChange, Difference, FileChange, MetricChange
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on record of one side.

    ``params`` maps dotted keys to values as JSON; they and ``datasets`` are None where nobody has stated them.
    ``environment`` is the digest of the lock, known also where the ``lock`` is not. ``verdict`` is the one that decided
    on it, for its rules.
    """

    name: str
    params: Mapping[str, str] | None = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    datasets: Mapping[str, DatasetVersion] | None = field(default_factory=dict)
    environment: str | None = None
    lock: EnvironmentLock | None = None
    verdict: Verdict | None = None


def difference(
    before: Recorded,
    after: Recorded,
    *,
    commits: tuple[Commit, ...] | None,
    files: tuple[FileChange, ...] | None,
    without: tuple[Commit, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Difference:
    """Compare two sides.

    Args:
        before: the one side.
        after: the other.
        commits: those that only the other side has; None if it is not known.
        files: how they changed between their commits; None if it is not known.
        without: the commits that only the one side has; None if it is not known.
        notes: why something is not known.
    """
    packages, about_packages = _packages(before, after)
    rules, about_rules = rule_changes(before.name, before.verdict, after.name, after.verdict)
    return Difference(
        before=before.name,
        after=after.name,
        commits=commits,
        files=files,
        params=_changes(before.params, after.params),
        datasets=_datasets(before.datasets, after.datasets),
        packages=packages,
        rules=rules,
        metrics=tuple(
            MetricChange(name, before.metrics.get(name), after.metrics.get(name))
            for name in sorted({*before.metrics, *after.metrics})
            if before.metrics.get(name) != after.metrics.get(name)
        ),
        notes=(*notes, *_unstated(before, after), *about_packages, *about_rules),
        without=without,
    )


def _unstated(before: Recorded, after: Recorded) -> list[str]:
    sides = (before, after)
    found = [(kind, [one.name for one in sides if getattr(one, kind) is None]) for kind in ("params", "datasets")]
    return [f"the {kind} of {' and '.join(names)} are not on record" for kind, names in found if names]


def _changes(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> tuple[Change, ...] | None:
    if before is None or after is None:
        return None
    names = sorted({*before, *after})
    return tuple(
        Change(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _datasets(
    before: Mapping[str, DatasetVersion] | None, after: Mapping[str, DatasetVersion] | None
) -> tuple[DatasetChange, ...] | None:
    if before is None or after is None:
        return None
    found = (dataset_change(name, before.get(name), after.get(name)) for name in sorted({*before, *after}))
    return tuple(change for change in found if change)


def _packages(before: Recorded, after: Recorded) -> tuple[tuple[Change, ...] | None, tuple[str, ...]]:
    if before.environment is not None and before.environment == after.environment:
        return (), ()
    if before.lock and after.lock:
        try:
            changes = package_changes(before.lock, after.lock)
        except IntegrityError as error:
            return None, (error.line(),)
        same = "the locks differ, though every version in them is the same"
        return changes, () if changes else (same,)
    unknown = " and ".join(side.name for side in (before, after) if side.lock is None)
    return None, (f"the environment of {unknown} is not on record",)
