"""A version to look at: started where it would serve, with all that it prints at hand, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable

from mlops_ci.deployment.target import Debuggable, Order
from mlops_ci.errors import Interruption, RemoteError, UsageError
from mlops_ci.lifecycle.site import Site


def require_debuggable(site: Site) -> Debuggable:
    """The place, if it can show a version that does not serve.

    Raises:
        UsageError: it cannot.
    """
    if isinstance(site.target, Debuggable):
        return site.target
    hint = "add a deployment with target: docker, which runs the same image on this machine"
    raise UsageError(f"{site.target.kind} has nothing to debug with", where=f"deploy.{site.name}", hint=hint)


def debug(site: Site, order: Order, show: Callable[[str], None]) -> None:
    """Start an order, show each line of its log until somebody interrupts, and remove it.

    Nothing is written to the model's log, and clients stay where they are.

    Raises:
        RemoteError: it did not start, or ended by itself.
        UsageError: the place cannot do it.
    """
    target = require_debuggable(site)
    site.say("start", f"v{order.version}{f' of {order.image}' if order.image else ''}")
    with target.debugging(order) as instance:
        site.say("debug", f"v{order.version} at {instance.url}; Ctrl-C ends it")
        try:
            for line in site.target.logs(instance, follow=True):
                show(line)
        except (KeyboardInterrupt, Interruption):
            site.say("debug", "it is removed")
            return
        detail = site.target.status(instance).detail
    raise RemoteError(f"it ended by itself{f': {detail}' if detail else ''}", where=site.name)
