"""Makes a place what the log says of it: nothing runs there that the log does not know, and clients are where it says.

A place is looked at before the log is: what was started has its entry before it has an instance, so that nothing is
taken for a stray that somebody has just begun.
"""

from __future__ import annotations

from collections.abc import Callable

from mlops_ci.errors import RemoteError
from mlops_ci.lifecycle.site import Site
from mlops_ci.records.deployment import DeploymentState, Instance, Trial
from mlops_ci.registry.deploy import release_unneeded


def strays(site: Site) -> dict[str, Instance]:
    """The instances that the log does not know."""
    found = site.instances()
    known = site.known
    kept = _kept(known)
    tried = site.unique(known.trial.entry) if known and known.trial else None
    return {unique: each for unique, each in found.items() if each.id not in kept and unique != tried}


def give_back(site: Site) -> None:
    """Before a trial: undo what others have left that did not come to an end, or that it has overtaken."""
    left = strays(site)
    known = site.known
    if known is None or known.instance is None:
        _delete(site, left)
        return
    revived = known.previous_instance if _is_running(site, known.previous_instance) else None
    if not left and revived is None:
        return
    site.say("tidy", f"clients stay with v{known.version}; what another trial has left is taken away")
    _lead_back(site, next(iter(left.values()), revived))
    _delete(site, left)
    if revived is not None:
        site.target.retire(revived)
    # Whoever was overtaken may have switched in between, for the last time: there is nothing left to switch to.
    _lead_back(site, None)


def forget_trial(
    site: Site, trial: Trial, instance: Instance | None, put_back: Callable[[Instance], None], *, switched: bool
) -> None:
    """After a trial that came to nothing: clients back, its instance away, its protection released.

    Who was overtaken leaves the clients alone, and what the log knows, for that is the other one's by now.
    """
    known = _newest(site)
    overtaken = known is not None and known.trial is not None and known.trial.entry != trial.entry
    own = instance or site.instances().get(site.unique(trial.entry))
    if own is not None:
        if switched and not overtaken:
            _lead_back(site, own)
        if not (overtaken and own.id in _kept(known)):
            put_back(own)
    release_unneeded(site.log, site.name)


def tidy(site: Site) -> None:
    """After a switch: the previous instance out of service, anything older away, what nobody needs released.

    What cannot be done now is done by whoever comes next.
    """
    try:
        _delete(site, strays(site))
        known = site.known
        if known and known.trial is None and known.previous_instance and _is_running(site, known.previous_instance):
            site.say("retire", f"v{known.previous}, kept for rollback")
            site.target.retire(known.previous_instance)
        for version in release_unneeded(site.log, site.name):
            site.say("release", f"v{version}")
    except RemoteError as error:
        site.say("tidy", f"warning: {error.line()}")


def _lead_back(site: Site, away_from: Instance | None) -> None:
    """Let clients reach what the log says, and look again: whoever looks last puts it right."""
    known = _newest(site)
    while known and known.instance:
        site.target.switch(known.instance, away_from)
        found = _newest(site)
        if found is None or found.instance == known.instance:
            return
        known = found


def _newest(site: Site) -> DeploymentState | None:
    """The deployment; as it was when the log could be read last, where it cannot be now."""
    try:
        return site.known
    except RemoteError:
        return site.log.folded.deployments.get(site.name)


def _delete(site: Site, instances: dict[str, Instance]) -> None:
    for unique, instance in instances.items():
        site.say("delete", f"{instance.place} ({unique})")
        site.target.delete(instance)


def _kept(known: DeploymentState | None) -> set[str]:
    both = (known.instance, known.previous_instance) if known else ()
    return {instance.id for instance in both if instance is not None}


def _is_running(site: Site, instance: Instance | None) -> bool:
    return instance is not None and site.target.status(instance).condition in {"starting", "running"}
