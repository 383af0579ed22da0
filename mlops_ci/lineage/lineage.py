"""Puts together where a version comes from and what became of it, from its model's log and its run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_ci.errors import IntegrityError
from mlops_ci.records.entry import (
    Alias,
    Body,
    Converted,
    Delete,
    Deployed,
    Envelope,
    Evaluated,
    Imaged,
    Link,
    Register,
    Tag,
    Unalias,
)
from mlops_ci.records.entry import Judged as JudgedEntry
from mlops_ci.records.lineage import (
    Act,
    DatasetUse,
    Deletion,
    Holding,
    Judged,
    Lineage,
    LinkedCommit,
    Software,
    StageReached,
)
from mlops_ci.records.locked import locked_packages
from mlops_ci.records.report import Report
from mlops_ci.records.run import Run

Entry = tuple[Envelope, Body | None]
Flatten = Callable[[Mapping[str, Any]], dict[str, str]]
_REGISTRIES = ("mlflow", "gto")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a version apart from the log: its run and that run's report, if they are kept still."""

    run: Run | None = None
    report: Report | None = None
    serving: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def lineage_of(model: str, version: int, entries: Iterable[Entry], beside: Beside, flatten: Flatten) -> Lineage | None:
    """The lineage of a version; None if it was never registered.

    Args:
        model: its model.
        version: its number.
        entries: the log of the model, oldest first; entries of unknown operations have no body.
        beside: what the log does not have.
        flatten: turns parameters into dotted keys and values as JSON.
    """
    found: Lineage | None = None
    for envelope, body in entries:
        act = Act(envelope.seq, envelope.time, envelope.actor)
        if isinstance(body, Register) and body.version == version:
            found = _registered(model, act, body, flatten)
        elif found and body:
            found = _went_on(found, act, body)
    if found is None:
        return None
    due = (holding for holding in found.holdings if holding.override is not None or not holding.by_hand)
    decided = next((holding.verdict for holding in due if holding.verdict), None)
    if decided is None and found.judged:
        decided = found.judged[-1].act.entry
    notes = beside.notes if found.deletion is None else (*beside.notes, "its files may be gone")
    found = replace(found, decided=decided, serving=beside.serving, notes=notes)
    if beside.report:
        found = replace(found, outcome=beside.report.outcome, champion_then=beside.report.champion)
    return _with_run(found, beside.run) if beside.run else found


def _registered(model: str, act: Act, body: Register, flatten: Flatten) -> Lineage:
    imported = next((name for name in _REGISTRIES if f"{name}.version" in body.tags), None)
    return Lineage(
        model=model,
        version=body.version,
        registered=act,
        fingerprint=body.fingerprint,
        digest=body.digest,
        files=body.files,
        commit=body.commit,
        source=body.source,
        run=body.run,
        imported=None if body.run else imported,
        tags=body.tags,
        metrics=body.metrics,
        params=flatten(body.params),
        data_time=body.data_time,
        datasets=tuple(DatasetUse(name, digest) for name, digest in sorted(body.datasets.items())),
        software=Software(body.environment) if body.environment else None,
        evaluations=(body.evaluation,) if body.evaluation else (),
    )


def _went_on(found: Lineage, act: Act, body: Body) -> Lineage:
    """What an entry after its registration means for a version."""
    if isinstance(body, Alias):
        return _aliased(found, act, body)
    if isinstance(body, Unalias):
        return _ended(found, act, body.alias, None, body.reason)
    if getattr(body, "version", None) != found.version:
        return found
    match body:
        case Link(commit=commit, source=source):
            return replace(found, links=(*found.links, LinkedCommit(act, commit, source)))
        case Evaluated(evaluation=evaluation):
            return replace(found, evaluations=(*found.evaluations, evaluation))
        case JudgedEntry(verdict=verdict):
            return replace(found, judged=(*found.judged, Judged(act, verdict)))
        case Tag(set=tags, remove=removed):
            kept = {name: value for name, value in found.tags.items() if name not in removed}
            return replace(found, tags=kept | tags)
        case Converted(conversion=conversion):
            return replace(found, conversion=conversion)
        case Imaged(image=image):
            return replace(found, images=(*found.images, image))
        case Deployed(deployment=deployment, stage=stage, instance=instance, reason=reason):
            place = (instance.url, instance.image) if instance else (None, None)
            return replace(found, stages=(*found.stages, StageReached(act, deployment, stage, *place, reason)))
        case Delete(reason=reason):
            return replace(found, deletion=Deletion(act, reason))
    return found


def _aliased(found: Lineage, act: Act, body: Alias) -> Lineage:
    """An alias moved: to the version, away from it, or elsewhere."""
    if body.version == found.version:
        verdict = body.verdict.seq if body.verdict else None
        # Where it is already, it was moved for another commit; its time goes on.
        if any(holding.alias == body.alias and holding.until is None for holding in found.holdings):
            return found
        by_hand = verdict is None if body.by_hand is None else body.by_hand
        held = Holding(body.alias, act, body.expect, body.commit, verdict, body.override, body.reason, by_hand=by_hand)
        return replace(found, holdings=(*found.holdings, held))
    return _ended(found, act, body.alias, body.version, body.reason)


def _ended(found: Lineage, act: Act, alias: str, after: int | None, reason: str | None) -> Lineage:
    """An alias points elsewhere from now on, or nowhere."""
    ended = tuple(
        replace(holding, until=act, after=after, after_reason=reason)
        if holding.alias == alias and holding.until is None
        else holding
        for holding in found.holdings
    )
    return replace(found, holdings=ended)


def _with_run(found: Lineage, run: Run) -> Lineage:
    datasets = tuple(
        DatasetUse(name, one.digest, one.path, one.size, one.profile.rows if one.profile else None)
        for name, one in sorted(run.datasets.items())
    )
    lock = run.environment
    try:
        packages, notes = len({package.name for package in locked_packages(lock)}), found.notes
    except IntegrityError as error:
        packages, notes = None, (*found.notes, error.line())
    return replace(
        found,
        source=found.source or run.commit,
        merge=run.merge,
        dirty=run.dirty is not None,
        host=run.host.host,
        event=run.host.event,
        url=run.host.url,
        datasets=datasets,
        software=Software(lock.digest, lock.kind, lock.python, lock.platform, packages),
        steps=run.steps,
        notes=notes,
    )
