"""Deploys a version: beside the old one, tried, switched. On any failure the old one stays where it was.

Protected first, and every stage an entry of the log. Whoever dies on the way leaves a trial there and perhaps an
instance, which the next one finds by the number of that entry. Of two at once the later entry wins: it takes away what
the other one has started, so that this one has nothing left to switch to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mlops_ci.deployment.target import Order
from mlops_ci.errors import Interruption, MlopsError, UsageError
from mlops_ci.lifecycle.readiness import wait_until_ready, why_not_ready
from mlops_ci.lifecycle.site import Site
from mlops_ci.lifecycle.smoke import smoke_test
from mlops_ci.lifecycle.tidying import forget_trial, give_back, tidy
from mlops_ci.records.deployment import DeploymentState, Instance, SmokeTest, Trial
from mlops_ci.records.samples import Samples
from mlops_ci.registry.deploy import OvertakenError, begin, record_failed, record_serving, require_ours

How = Literal["deployed", "unchanged", "rolled back"]
Prepare = Callable[[int, str], Order]
"""Makes what is to be started of a version, under a ``unique``: package or image. Takes its time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the deployment as it is now."""

    how: How
    state: DeploymentState


@dataclass(frozen=True, slots=True)
class _Way:
    """How a version gets an instance, and what becomes of that if it is not to serve."""

    bring: Callable[[], Instance]
    put_back: Callable[[Instance], None]
    done: How
    reason: str | None = None


def deploy(
    site: Site,
    version: int,
    prepare: Prepare,
    samples: Samples | None,
    *,
    image: str | None = None,
    again: bool = False,
) -> Outcome:
    """Let a version serve.

    Args:
        site: where.
        version: its number.
        prepare: makes what is to be started.
        samples: real rows to try it with (None: it has none).
        image: the image that was asked for, where one was.
        again: also if it serves already.

    Raises:
        RemoteError: it did not become healthy; the old one still serves.
        IntegrityError: it answers otherwise than was recorded; the old one still serves.
        ConflictError: somebody else has begun to deploy since.
        OutcomeUnknownError: it is not known whether the log has it; run it again.
    """
    known = site.known
    if known and not again and _serves_well(site, known, version, image):
        tidy(site)
        return Outcome("unchanged", site.known or known)
    site.say("protect", f"v{version}")
    trial = begin(site.log, site.name, version)

    def bring() -> Instance:
        order = prepare(version, site.unique(trial.entry))
        require_ours(site.log, site.name, trial)
        site.say("start", f"v{version}{f' of {order.image}' if order.image else ''}")
        return site.target.start(order)

    return _try(site, trial, samples, _Way(bring, site.target.delete, "deployed"))


def rollback(site: Site, prepare: Prepare, samples_of: Callable[[int], Samples | None]) -> Outcome:
    """Let the previous version serve again, out of the instance that was kept if that can still come back.

    Raises:
        UsageError: there is nothing to go back to.
        MlopsError: as of :func:`deploy`.
    """
    known = site.known
    if known is None or known.previous is None or known.previous_instance is None:
        hint = f"see mlops-ci deployments show {site.name}, or deploy a version by its number"
        raise UsageError("there is no previous version to go back to", where=site.name, hint=hint)
    kept, version = known.previous_instance, known.previous
    is_kept = site.target.status(kept).condition != "gone"
    site.say("protect", f"v{version}")
    trial = begin(site.log, site.name, version, reason="rollback")

    def bring() -> Instance:
        if require_ours(site.log, site.name, trial).previous_instance != kept:
            raise OvertakenError("somebody else has switched since", where=site.name, hint="look again, then decide")
        if not is_kept:
            site.say("start", f"v{version} anew, as its instance is gone")
            return site.target.start(prepare(version, site.unique(trial.entry)))
        site.say("revive", f"v{version}")
        return site.target.revive(kept)

    put_back = site.target.retire if is_kept else site.target.delete
    return _try(site, trial, samples_of(version), _Way(bring, put_back, "rolled back", "rollback"))


def _serves_well(site: Site, known: DeploymentState, version: int, image: str | None) -> bool:
    """Whether there is nothing to do. A trial under way of another version would undo that."""
    if known.instance is None or known.version != version or known.trial or known.stage == "unhealthy":
        return False
    if image is not None and image != known.instance.image:
        return False
    return why_not_ready(site.target, known.instance) is None


def _try(site: Site, trial: Trial, samples: Samples | None, way: _Way) -> Outcome:
    instance: Instance | None = None
    switched = telling = False  # telling: the log may say that it serves, for all that we know
    try:
        give_back(site)
        instance = way.bring()
        site.say("wait", f"until {instance.place} is ready")
        seconds = wait_until_ready(site, instance)
        smoke = _smoke(site, instance, samples, seconds)
        before = require_ours(site.log, site.name, trial)
        site.say("switch", f"clients to v{trial.version}")
        switched = True
        live = site.target.switch(instance, before.instance)
        site.probe(live)
        telling = True
        state = record_serving(site.log, site.name, trial, live, smoke, reason=way.reason)
    except BaseException as error:
        found = _undo(site, trial, instance, way, error, switched=switched, telling=telling)
        if found is None:
            raise
        state = found
    site.say("serving", f"v{trial.version} at {state.instance.url if state.instance else site.name}")
    tidy(site)
    return Outcome(way.done, site.known or state)


def _smoke(site: Site, instance: Instance, samples: Samples | None, seconds: float) -> SmokeTest | None:
    if samples is None or not samples.rows:
        site.say("smoke", "warning: the version has no samples; all that is known is that it is ready")
        return None
    site.say("smoke", f"{len(samples.rows)} rows of the version's run")
    done = smoke_test(
        site.ask(instance), samples, tolerance=site.tolerance, seconds=round(seconds, 3), headers=site.headers
    )
    if done.compared:
        site.say("smoke", f"all as recorded; the largest difference of a number is {done.worst:.2g}")
    else:
        site.say("smoke", "warning: nothing recorded to compare the answers with; it answers")
    return done


def _undo(
    site: Site,
    trial: Trial,
    instance: Instance | None,
    way: _Way,
    error: BaseException,
    *,
    switched: bool,
    telling: bool,
) -> DeploymentState | None:
    """Put everything back; or return the deployment, if the log says after all that the trial serves.

    The entry comes first: once it has its place in the log, one of ours that got lost on its way can have none.
    """
    try:
        record_failed(site.log, site.name, trial, _reason(error))
        known = site.known
    except MlopsError:
        if telling:
            return None  # until somebody can read the log it may well be what serves
        known = site.log.folded.deployments.get(site.name)
    if known and known.instance and instance and known.instance.id == instance.id:
        return None if isinstance(error, Interruption | KeyboardInterrupt) else known
    try:
        forget_trial(site, trial, instance, way.put_back, switched=switched)
    except MlopsError as failure:
        site.say("undo", f"warning: {failure.line()}")
    return None


def _reason(error: BaseException) -> str:
    if isinstance(error, MlopsError):
        return error.what
    if isinstance(error, Interruption | KeyboardInterrupt):
        return "interrupted"
    return type(error).__name__
