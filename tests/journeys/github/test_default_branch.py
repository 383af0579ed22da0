"""Pushes to main and schedules, by the workflow of the examples, run by act on a machine each."""

from __future__ import annotations

import pytest

from tests.journeys.github.world import World


@pytest.mark.parametrize("place", ["git+origin", "a folder"])
def test_a_push_to_main_trains_registers_promotes_and_dispatches(world: World, place: str) -> None:
    if place == "a folder":
        world.keep_models_in_a_folder()
    world.dispatch_to_shop()
    sha = world.push()
    ran = world.on_push()
    assert ran.code == 0, ran.said
    outputs = ran.job.steps["model"].outputs
    assert {name: outputs[name] for name in ("outcome", "model", "version", "promoted")} == {
        "outcome": "promoted", "model": "coin", "version": "1", "promoted": "true",
    }  # fmt: skip
    assert world.champion() == 1
    [check] = world.repository.check_runs
    assert (check.name, check.head_sha, check.conclusion) == ("mlops-ci / coin", sha, "success")
    [dispatch] = world.shop.dispatches
    assert dispatch.event_type == "model"
    assert "trained to 0.6" in ran.said


def test_a_second_run_of_a_commit_changes_nothing(world: World) -> None:
    world.dispatch_to_shop()
    world.push()
    first = world.on_push(run=8100)
    assert first.code == 0, first.said
    again = world.on_push(run=8100, attempt=2)
    assert again.code == 0, again.said
    assert "trained to" not in again.said
    assert len(world.models("list")) == 1
    assert again.job.steps["model"].outputs["version"] == "1"
    assert len(world.shop.dispatches) == 1
    assert world.champion() == 1


def test_a_schedule_that_finds_a_worse_model_is_green_and_says_so(world: World) -> None:
    world.make_champion()
    world.lab.write_rows(300)  # the data of another day, by which nothing is better
    world.push("other data")
    ran = world.on_schedule()
    assert ran.code == 0, ran.said
    assert ran.job.steps["model"].outputs["outcome"] in {"refused", "inconclusive"}
    assert world.champion() == 1
    assert "::notice" in ran.log


def test_a_cancelled_job_leaves_nothing_that_the_next_one_stumbles_over(world: World) -> None:
    world.dispatch_to_shop()
    world.lab.write(
        "train.py",
        (world.lab.folder / "train.py").read_text() + "import time, sys\nsys.stdout.flush()\ntime.sleep(600)\n",
    )
    world.push("slow")
    ran = world.on_push(cancel_at="trained to")
    assert ran.code != 0
    assert world.shop.dispatches == []
    world.lab.edit("train.py", "time.sleep(600)", "pass")
    world.push("quick")
    ran = world.on_push()
    assert ran.code == 0, ran.said
    assert world.champion() == 1
    assert len(world.shop.dispatches) == 1
