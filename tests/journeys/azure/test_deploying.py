"""A promotion queues the pipeline that deploys: its jobs and tasks, run for real by the packed extension."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from tests.journeys.azure.world import ROOT, World
from tests.journeys.shop import stock
from tests.parts.azure_devops import Pipeline
from tests.parts.azure_extension import Extension
from tests.parts.azure_steps import Job, load, run_jobs
from tests.parts.azure_task import Agent, Connection, Ended
from tests.support.shop import predictions

PIPELINE = ROOT / "examples/workflows/azure/deploy.yml"


def test_what_is_promoted_serves_and_can_be_gone_back_from(world: World, extension: Extension) -> None:
    stock(world, "{name: deploy, azure: acme/ml/13}")
    world.push()
    server = world.server
    pipeline = server.add_pipeline(Pipeline(13, "deploy", server.project, server.repository))
    # An agent of one's own: what serves outlives the job.
    kept, numbers = {"MLOPS_CI_CACHE_DIR": str(world.folder / "server")}, itertools.count(8001)

    def start(reason: str = "Manual", **given: str) -> dict[str, Job]:
        agents: list[Agent] = []

        def agent_of(name: str) -> Agent:
            more = {"BUILD_REASON": reason, **kept}
            agents.append(world.machine(f"{next(numbers)}-1-{name}", more, world.main, "refs/heads/main"))
            return agents[-1]

        def task(name: str, inputs: Mapping[str, str]) -> Ended:
            token = Connection(server.url, {}, {"AccessToken": server.token}, "OAuth")
            asked = {key: value for key, value in inputs.items() if key != "workspaceConnection"}
            folder = extension.task(name.removesuffix("@1"))
            return agents[-1].run(folder, asked, connections={"SystemVssConnection": token}, env={})

        done = run_jobs(load(PIPELINE, given)["jobs"], agent_of, task)
        assert all(job.succeeded for job in done.values()), "".join(job.log for job in done.values())
        return done

    try:
        assert list(start()) == ["deploy"]
        told = {"SYSTEM_ACCESSTOKEN": server.token, "MLOPS_CI_AZURE_DEVOPS_URL": server.endpoint}
        promoted = world.lab.run("promote", "coin@v2", env=told)
        assert promoted.code == 0, promoted.err
        assert len(pipeline.runs) == 1
        outputs = start()["deploy"].outputs["endpoint"]
        assert (outputs["outcome"], outputs["version"]) == ("deployed", "2")
        assert predictions(outputs["url"]) == [8.0]
        checked = start("Schedule")
        assert list(checked) == ["check"]
        assert "production: v2 is healthy, 2 rows as recorded" in checked["check"].log
        assert "coin v1 serves again as production" in start(what="rollback")["deploy"].log
    finally:
        world.lab.run("deployments", "delete", "production", env=kept)
