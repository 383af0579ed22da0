"""Pushes to main and schedules, by the packed task, run by Node in a shallow checkout of a machine of its own."""

from __future__ import annotations

import pytest

from tests.journeys.azure.world import World
from tests.journeys.site import ENDLESS, TRAIN


@pytest.mark.parametrize(
    ("place", "token"),
    [("a folder", "personal-or-opaque"), ("git+origin", "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl")],
    ids=["a folder, basic", "git+origin, bearer"],
)
def test_a_push_to_main_trains_registers_promotes_and_tells_others(world: World, place: str, token: str) -> None:
    if place == "git+origin":
        world.place = f"git+{world.origin.path.as_uri()}"
        world.lab.edit("mlops.yaml", "workspace: ", "# ")
    world.server.token = token
    world.tell_others()
    world.push()
    ended = world.on_push()
    assert ended.result == "Succeeded", ended.log
    assert {name: ended.outputs[name] for name in ("outcome", "model", "version", "promoted")} == {
        "outcome": "promoted", "model": "coin", "version": "1", "promoted": "true",
    }  # fmt: skip
    assert ended.variables == {}
    assert "trained to 0.6" in ended.log
    assert world.champion() == 1
    assert [run["templateParameters"] for run in world.shop.runs] == [{"version": "1"}]
    [event] = world.landed.events
    assert (event["type"], event["data"]["version"]) == ("mlops-ci.model-promoted", 1)
    assert token not in ended.shown


def test_a_second_attempt_of_a_build_changes_nothing(world: World) -> None:
    world.tell_others()
    world.push()
    first = world.on_push(number=8100)
    again = world.on_push(number=8100, attempt=2)
    assert first.result == again.result == "Succeeded", first.log + again.log
    assert "trained to" not in again.log
    assert again.outputs["version"] == "1"
    assert len(world.models("list")) == 1
    assert (len(world.shop.runs), len(world.landed.events)) == (1, 1)


def test_a_schedule_that_finds_a_worse_model_is_green_and_says_so(world: World) -> None:
    world.make_champion()
    world.lab.write_rows(300)  # the data of another day, by which nothing is better
    world.push("other data")
    ended = world.on_push("Schedule")
    assert ended.result == "Succeeded", ended.log
    assert ended.outputs["outcome"] in {"refused", "inconclusive"}
    assert world.champion() == 1
    assert "notice: " in ended.log


@pytest.mark.parametrize("group", [False, True], ids=["Node is told", "all processes are told"])
def test_a_cancelled_job_leaves_nothing_that_the_next_one_stumbles_over(world: World, group: bool) -> None:
    world.tell_others()
    world.lab.write("train.py", ENDLESS)
    world.push("slow")
    ended = world.on_push(cancel_at="trained to", group=group)
    assert (ended.result, ended.message) == ("Cancelled", "cancelled"), ended.log
    assert "Traceback" not in ended.log
    assert world.shop.runs == []
    world.lab.write("train.py", TRAIN)
    world.push("quick")
    ended = world.on_push()
    assert ended.result == "Succeeded", ended.log
    assert world.champion() == 1
    assert (len(world.shop.runs), len(world.landed.events)) == (1, 1)
