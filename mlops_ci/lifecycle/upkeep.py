"""Looks after a workspace: what it holds, and what can go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops_ci.lifecycle.retaining import Expired, Expiry
from mlops_ci.project.retention import Retention
from mlops_ci.records.pin import Pin
from mlops_ci.registry.collect import Collected, collect, unused_objects
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.pins import parse_pins
from mlops_ci.workspace.inventory import Count, Inventory, take_inventory
from mlops_ci.workspace.store import Store

_PINS = "MLOPS_CI_PINS"


@dataclass(frozen=True, slots=True)
class Description:
    """A workspace: what it holds, and the objects among that which no version refers to."""

    inventory: Inventory
    orphans: Count


@dataclass(frozen=True, slots=True)
class Swept:
    """What garbage collection deleted, or would delete; ``remains`` are those of writes that were cut off."""

    models: tuple[Collected, ...]
    remains: int
    expired: tuple[Expired, ...] = ()


def pins_of(environ: Mapping[str, str]) -> dict[str, Pin]:
    """The pins that the environment holds against every log: ``MLOPS_CI_PINS``, as a variable of the repository.

    Raises:
        UsageError: they are not as ``mlops-ci workspace pins`` prints them.
    """
    return parse_pins(environ.get(_PINS, ""))


def describe_workspace(store: Store, logs: Iterator[ModelLog]) -> Description:
    """Say what a workspace holds."""
    orphans = Count()
    for log in logs:
        for item in unused_objects(log):
            orphans = orphans.with_(item)
    return Description(take_inventory(store), orphans)


def collect_garbage(
    store: Store,
    cache: Store,
    logs: Iterable[ModelLog],
    retention: Retention,
    *,
    now: datetime,
    grace: timedelta,
    dry_run: bool,
) -> Swept:
    """Delete what no version needs and nobody is writing any more, and what is older than it is kept.

    Args:
        store: the workspace.
        cache: where its cache is.
        logs: the logs of all its models.
        retention: for how long what no version needs is kept.
        now: the time.
        grace: how long a write may take before it counts as abandoned.
        dry_run: only tell what would be deleted.
    """
    models, kept = [], set()
    for log in logs:
        models.append(collect(log, now=now, grace=grace, dry_run=dry_run))
        kept |= {version.run for version in log.read().versions.values() if version.run}
    expiry = Expiry(store, cache, retention, kept, now=now, grace=grace, dry_run=dry_run)
    expired = expiry.run()
    remains = 0 if dry_run else store.sweep((now - grace).timestamp())
    return Swept(tuple(models), remains, expired)
