"""Gathers what is on record about a version, for its model card."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.history import read_run
from mlops_ci.pipeline.params import flatten
from mlops_ci.project.project import Project
from mlops_ci.records.entry import Alias, Register
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.describe import card_text_of, explanation_of
from mlops_ci.registry.judge import recorded_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.report.card_facts import Bounds, CardFacts
from mlops_ci.report.wording import visible


def card_facts(log: ModelLog, version: ModelVersion, project: Project | None = None) -> CardFacts:
    """All that the workspace knows of a version.

    Args:
        log: the model's log.
        version: the version.
        project: the one that makes the model, if it is at hand: without it stored predictions cannot be read.

    Raises:
        IntegrityError: something that was recorded with it is damaged.
    """
    run, notes = None, []
    if version.run:
        try:
            run = read_run(log.store, version.run)
        except UsageError:
            notes.append("the record of its run is no more: data and environment are known by their digests only")
    registered = log.entry(version.entry)
    if registered is None or not isinstance(registered.body, Register):
        raise IntegrityError(f"v{version.version} is in no entry of the log", where=log.model)
    return CardFacts(
        version=version,
        text=card_text_of(log.store, version),
        run=run,
        verdict=recorded_verdict(log, version.judgements[-1].seq) if version.judgements else None,
        explanation=explanation_of(log.store, version) or (run.explanation if run else None),
        actor=registered.envelope.actor,
        decisions=tuple(_decisions(log, version)),
        params=flatten(version.params),
        notes=tuple(notes),
        bounds=_bounds(log, version, project),
    )


def _bounds(log: ModelLog, version: ModelVersion, project: Project | None) -> Mapping[str, Bounds]:
    try:
        from mlops_ci.lifecycle.metric_bounds import (
            metric_bounds,  # with numpy and scipy, for which no other verb waits
        )
    except ModuleNotFoundError:
        return dict.fromkeys(version.metrics, Bounds(reason="it takes the packages of mlops-ci[gate] to tell"))
    return metric_bounds(log, version, project)


def _decisions(log: ModelLog, version: ModelVersion) -> list[str]:
    """What people have decided about a version against or without a verdict."""
    found = [visible(f"{one.by} has overridden the gate for {one.alias}: {one.reason}") for one in version.overrides]
    for item in log.entries():
        body = item.body
        if isinstance(body, Alias) and body.version == version.version and body.verdict is None:
            why = f": {body.reason}" if body.reason else ", without a reason"
            found.append(visible(f"{item.envelope.actor.name} made it the {body.alias} without a verdict{why}"))
    return found
