"""Pull requests, by the workflows of the examples, run by act on a machine each."""

from __future__ import annotations

from tests.journeys.github.world import World

# Two jobs at a time on one machine.
SHARED = {"RUNNER_ENVIRONMENT": "self-hosted"}


def test_a_pull_request_that_improves_passes_and_its_comment_goes_on_after_the_merge(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.8)
    head = world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 0, ran.said
    assert ran.job.steps["model"].outputs["outcome"] == "passed"
    assert "### coin: ready" in world.comment(7)
    assert world.champion() == 1
    [check] = [each for each in world.repository.check_runs if each.head_sha == head]
    assert check.conclusion == "success"
    comment = world.repository.comments(7)[0].id
    world.merge(7)
    ran = world.on_push()
    assert ran.code == 0, ran.said
    assert world.champion() == 2
    [after] = world.repository.comments(7)
    assert after.id == comment
    assert "v2 promoted" in after.body


def test_a_pull_request_that_regresses_fails_with_the_reason_in_its_comment(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.3)
    head = world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 1, ran.said
    assert ran.job.steps["model/verb"].outputs["outcome"] == "refused"
    assert "coin: refused" in world.comment(7)
    assert "accuracy, better" in world.comment(7)
    [check] = [each for each in world.repository.check_runs if each.head_sha == head]
    assert check.conclusion == "failure"
    assert world.champion() == 1
    # The next push mends it, in the same comment.
    world.lab.skill(0.9)
    world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 0, ran.said
    assert "### coin: ready" in world.comment(7)


def test_a_change_of_the_readme_trains_nothing(world: World) -> None:
    world.push("first")
    assert world.on_push().code == 0
    world.lab.write("README.md", "a fair coin\n")
    world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 0, ran.said
    assert ran.job.steps["model"].outputs["outcome"] == "unchanged"
    assert "trained to" not in ran.said
    assert "coin: unchanged" in world.comment(7)


def test_a_second_run_of_a_pull_request_trains_nothing_and_keeps_its_one_comment(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.8)
    world.pull_request(7)
    assert world.on_pull_request(7, run=8100).code == 0
    ran = world.on_pull_request(7, run=8100, attempt=2)
    assert ran.code == 0, ran.said
    assert "trained to" not in ran.said
    assert "### coin: ready" in world.comment(7)


def test_two_models_share_one_comment(world: World) -> None:
    world.add_a_second_model()
    world.push("two models")
    ran = world.on_push(env=SHARED)
    assert ran.code == 0, ran.said
    assert {model: world.champion(model) for model in ("coin", "dice")} == {"coin": 1, "dice": 1}
    world.lab.skill(0.8)
    world.pull_request(7)
    ran = world.on_pull_request(7, env=SHARED)
    assert ran.code == 0, ran.said
    comment = world.comment(7)
    assert comment.count("<!-- section ") == 2
    assert "### coin: ready" in comment
    assert "### dice: ready" in comment
