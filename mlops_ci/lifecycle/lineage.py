"""Finds everything on record of a version: its log, its run, its report."""

from __future__ import annotations

import re

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.history import read_report, run_if_kept
from mlops_ci.lineage.lineage import Beside, lineage_of
from mlops_ci.pipeline.params import flatten
from mlops_ci.records.entry import Alias, Delete, Register
from mlops_ci.records.lineage import Lineage, VersionMetric
from mlops_ci.records.report import Report
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import require_known, resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.store import Store

_NUMBER = re.compile(r"v?([0-9]{1,18})")


def trace(log: ModelLog, selector: str) -> Lineage:
    """The lineage of a version, also of one that was deleted, which only its number names.

    Raises:
        UsageError: there is no such version, or a SHA means several.
    """
    state = require_known(log.read())
    number = _number(state, selector)
    entries = [(entry.envelope, entry.body) for entry in log.entries()]
    registered = [body for _, body in entries if isinstance(body, Register) and body.version == number]
    run_id = registered[0].run if registered else None
    run, gone = run_if_kept(log.store, run_id)
    live = state.versions.get(number)
    beside = Beside(
        run=run,
        report=_report(log.store, run_id) if run else None,
        serving=live.serving if live else (),
        notes=(gone,) if gone and run_id else (),
    )
    found = lineage_of(log.model, number, entries, beside, flatten)
    if found is None:
        raise IntegrityError(f"the log never registered v{number}", where=log.model)
    return found


def metric_by_version(log: ModelLog, metric: str) -> list[VersionMetric]:
    """A metric of all versions there ever were, oldest first, with the aliases that each has held.

    Raises:
        UsageError: no version has such a metric.
    """
    state = require_known(log.read())
    held: dict[int, dict[str, None]] = {}
    deleted: set[int] = set()
    registered = []
    for entry in log.entries():
        match entry.body:
            case Register():
                registered.append((entry.envelope.time, entry.body))
            case Alias(alias=alias, version=version):
                held.setdefault(version, {})[alias] = None
            case Delete(version=version):
                deleted.add(version)
    names = sorted({name for _, body in registered for name in body.metrics})
    if metric not in names:
        hint = f"its metrics: {', '.join(names)}" if names else "none has any metrics"
        raise UsageError(f"no version has the metric {metric!r}", where=log.model, hint=hint)
    return [
        VersionMetric(
            version=body.version,
            registered=time,
            commit=body.commit,
            metric=metric,
            value=body.metrics.get(metric),
            held=tuple(held.get(body.version, {})),
            aliases=state.versions[body.version].aliases if body.version in state.versions else (),
            deleted=body.version in deleted,
        )
        for time, body in registered
    ]


def _number(state: ModelState, selector: str) -> int:
    match = _NUMBER.fullmatch(selector)
    if match and int(match[1]) in state.deleted:
        return int(match[1])
    return resolve(state, selector).version


def _report(store: Store, run: str | None) -> Report | None:
    try:
        return read_report(store, run) if run else None
    except (UsageError, IntegrityError):
        return None
