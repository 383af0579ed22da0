"""The two jobs of the template for who wants them: its steps, run one after another on two machines."""

from __future__ import annotations

from tests.journeys.azure.world import ROOT, World
from tests.parts.azure_devops.repositories import PullRequest
from tests.parts.azure_steps import Job, load, run_jobs
from tests.parts.azure_task import Agent

TEMPLATE = ROOT / "pipelines/templates/train-and-publish.yml"


def jobs(world: World, number: int, pull_request: PullRequest | None = None) -> dict[str, Job]:
    """The build of main, or of a pull request."""
    ref, sha, more = "refs/heads/main", world.main, dict[str, str]()
    if pull_request:
        ref, sha, more = "refs/pull/1/merge", pull_request.merge_commit or "", world.of(pull_request)

    def agent_of(job: str) -> Agent:
        agent = world.machine(f"{number}-1-{job}", more, sha, ref, shallow=False)
        (agent.folder / "mlops-ci").symlink_to(ROOT)
        return agent

    given = {"workspace": world.place, "publishEnv": world.env}
    return run_jobs(load(TEMPLATE, given)["jobs"], agent_of, secrets={"System.AccessToken": world.server.token})


def test_one_job_trains_and_another_publishes_and_comments_before_and_after_the_merge(world: World) -> None:
    world.make_champion()
    world.tell_others()
    world.lab.skill(0.8)
    pull_request = world.pull_request()
    done = jobs(world, 8100, pull_request)
    assert all(job.succeeded for job in done.values()), "".join(job.log for job in done.values())
    assert "trained to 0.8" in done["train"].log
    assert "trained to" not in done["publish"].log
    assert "### coin: ready" in world.said(pull_request)
    assert (world.thread(pull_request).status, world.status(pull_request)) == ("closed", "succeeded")
    world.merge(pull_request)
    done = jobs(world, 8101)
    assert all(job.succeeded for job in done.values()), "".join(job.log for job in done.values())
    assert not any("SYSTEM_ACCESSTOKEN" in environment for environment in done["train"].environments)
    assert done["publish"].outputs["model"]["outcome"] == "promoted"
    assert "v2 promoted" in world.said(pull_request)
    assert world.champion() == 2
    assert [run["templateParameters"] for run in world.shop.runs] == [{"version": "2"}]
