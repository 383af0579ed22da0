"""Shapes with more than one job: the hardened one, and a matrix of runners."""

from __future__ import annotations

from tests.journeys.github.world import World
from tests.parts.act import Ran


def said_by_job(ran: Ran) -> dict[str, str]:
    return {name: "".join(step.log for step in job.steps.values()) for name, job in ran.jobs.items()}


def test_in_the_hardened_shape_one_job_trains_and_another_publishes(world: World) -> None:
    world.workflow("hardened/model.yml")
    world.workflow("hardened/train-and-publish.yml")
    world.push()
    ran = world.on_push()
    assert ran.code == 0, ran.said
    said = said_by_job(ran)
    assert "trained to 0.6" in said["train"]
    assert "trained to" not in said["publish"]
    assert world.champion() == 1
    assert [check.conclusion for check in world.repository.check_runs] == ["success"]
    world.lab.skill(0.3)
    world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 1, ran.said
    assert "coin: refused" in world.comment(7)
    assert world.champion() == 1


def test_a_matrix_gives_a_step_the_runner_that_it_wants(world: World) -> None:
    world.workflow("matrix.yml", "model.yml")
    world.lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n    runs_on: gpu\n")
    world.push()
    ran = world.on_push()
    assert ran.code == 0, ran.said
    said = said_by_job(ran)
    [on_gpu] = [text for name, text in said.items() if "runs_on=gpu" in name]
    assert "trained to 0.6" in on_gpu
    assert "trained to" not in said["model"]
    assert world.champion() == 1
    # Nothing is left to run: no job of the matrix starts.
    world.lab.write("README.md", "a fair coin\n")
    world.push("readme")
    ran = world.on_push()
    assert ran.code == 0, ran.said
    assert "trained to" not in ran.said
