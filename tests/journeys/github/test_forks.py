"""Pull requests of forks: their own job writes nothing, and another one posts what it left."""

from __future__ import annotations

import pytest

from tests.journeys.github.world import World


@pytest.fixture
def fork(world: World) -> World:
    """A pull request of a fork that improves the model; origin lets everybody read."""
    world.make_champion()
    world.origin.credentials = None
    world.lab.skill(0.8)
    world.pull_request(7, fork="stranger")
    return world


def workspace(world: World) -> str:
    return world.origin.git("rev-parse", "refs/mlops-ci/workspace")


def test_the_job_of_a_fork_compares_and_leaves_a_report_that_is_posted_for_it(fork: World) -> None:
    before = workspace(fork)
    ran = fork.on_pull_request(7, run=8100)
    assert ran.code == 0, ran.said
    assert workspace(fork) == before
    assert fork.repository.comments(7) == []
    assert fork.repository.check_runs == []
    assert "### coin: ready" in ran.log  # the summary
    ran = fork.on_workflow_run(7, 8100)
    assert ran.code == 0, ran.said
    assert "### coin: ready" in fork.comment(7)
    assert "+0.18" in fork.comment(7)
    again = fork.on_workflow_run(7, 8100, attempt=2)
    assert again.code == 0, again.said
    assert "### coin: ready" in fork.comment(7)
    assert fork.champion() == 1


def test_a_run_of_a_fork_that_came_to_nothing_leaves_nothing_to_post(fork: World) -> None:
    ran = fork.on_workflow_run(7, 8100)
    assert ran.code == 0, ran.said
    assert "1" not in ran.job.steps
    assert fork.repository.comments(7) == []


def test_what_a_fork_forges_is_not_posted(fork: World) -> None:
    artifact = fork.kept / "artifacts" / "8100" / "mlops-ci-report-coin"
    artifact.mkdir(parents=True)
    (artifact / "report.json").write_text('{"format": 1, "model": "<img src=x>", "outcome": "promoted"}')
    ran = fork.on_workflow_run(7, 8100)
    assert ran.code == 1
    assert "mlops-ci: error[5]" in ran.said
    assert fork.repository.comments(7) == []


def test_a_branch_of_the_repository_itself_is_not_posted_for(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.8)
    world.pull_request(7)
    ran = world.on_workflow_run(7, 8100)
    assert ran.code == 0, ran.said
    assert not any(job.steps for job in ran.jobs.values())
