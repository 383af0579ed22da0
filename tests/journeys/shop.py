"""A repository whose models are deployed as soon as they are promoted: two versions, of which v1 is the champion."""

from __future__ import annotations

from mlops_ci.registry.promote import move_alias
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore
from tests.journeys.site import Site
from tests.registry.making import open_log
from tests.support.shop import add_multiplier

_DEPLOY = """\
deploy:
  production: {{target: process, timeout: 2m}}
triggers:
  model-promoted: [{receiver}]
"""


def stock(site: Site, receiver: str) -> None:
    """Have the versions, in a folder beside all machines, and the receiver who hears of promotions."""
    site.workspace_in_a_folder()
    project = (site.lab.folder / "mlops.yaml").read_text("utf-8")
    site.lab.write("mlops.yaml", project + _DEPLOY.format(receiver=receiver))
    store = LocalStore(site.folder / "models")
    initialise(store)
    log = open_log(store, "coin")
    for number in (1, 2):
        add_multiplier(log, site.folder / "scratch", number)
    move_alias(log, "champion", 1, rollback=False, reason=None)
