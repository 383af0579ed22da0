"""A promotion starts the workflow that deploys; it serves, is looked at on a schedule, and goes back by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.journeys.github.world import NAME, World
from tests.journeys.shop import stock
from tests.parts.act import Ran
from tests.parts.github import event
from tests.support.shop import predictions

JOB = {"contents": "write", "packages": "write", "id-token": "write"}


class Shop:
    """A repository that deploys, with two versions, of which v1 is the champion."""

    def __init__(self, world: World) -> None:
        self.world = world
        stock(world, f"{{name: deploy, github: {NAME}}}")
        world.workflow("deploy.yml")
        world.lab.edit(".github/workflows/deploy.yml", "          workspace: git+origin\n", "")
        world.push()
        # A machine of one's own: what serves outlives the job.
        self.kept = {"MLOPS_CI_CACHE_DIR": str(world.folder / "server")}

    def start(self, name: str, payload: Mapping[str, Any]) -> Ran:
        """Run the workflow for an event."""
        ref = "refs/heads/main"
        ran = self.world.run(name, payload, self.world.main, ref, "deploy.yml", permissions=JOB, env=self.kept)
        assert ran.code == 0, ran.said
        return ran

    def promote(self, version: int) -> list[Any]:
        """Promote a version by hand; what the repository was told."""
        token = {"GITHUB_TOKEN": self.world.token, "GITHUB_API_URL": self.world.github.url}
        done = self.world.lab.run("promote", f"coin@v{version}", env=token)
        assert done.code == 0, done.err
        return self.world.repository.dispatches

    def deployment(self, *arguments: str) -> Any:
        """What the command line says of deployments."""
        done = self.world.lab.run("deployments", *arguments, "--json", env=self.kept)
        assert done.code == 0, done.err
        return done.json


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    made = Shop(world)
    yield made
    world.lab.run("deployments", "delete", "production", env=made.kept)


def test_what_is_promoted_serves_and_can_be_gone_back_from(shop: Shop) -> None:
    first = shop.start("workflow_dispatch", event("workflow_dispatch", inputs={"what": "deploy", "reference": ""}))
    assert list(first.jobs) == ["deploy"], first.said

    [dispatch] = shop.promote(2)
    assert dispatch.event_type == "model-promoted"
    told = event("repository_dispatch", event_type=dispatch.event_type, client_payload=dispatch.client_payload)
    second = shop.start("repository_dispatch", told)
    outputs = next(step.outputs for step in second.job.steps.values() if "outcome" in step.outputs)
    assert (outputs["outcome"], outputs["version"], outputs["deployment"]) == ("deployed", "2", "production")
    assert predictions(outputs["url"]) == [8.0]
    assert "unchanged" in shop.start("repository_dispatch", told).log  # sent twice

    checked = shop.start("schedule", event("schedule", schedule="41 * * * *", workflow="deploy.yml"))
    assert list(checked.jobs) == ["check"]
    assert "production: v2 is healthy, 2 rows as recorded" in checked.said

    back = shop.start("workflow_dispatch", event("workflow_dispatch", inputs={"what": "rollback", "reference": ""}))
    assert list(back.jobs) == ["rollback"], back.said
    [state] = shop.deployment("list")
    assert (state["deployment"]["version"], state["deployment"]["previous"]) == (1, 2)
    assert predictions(state["deployment"]["instance"]["url"]) == [4.0]
