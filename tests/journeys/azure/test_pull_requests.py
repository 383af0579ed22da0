"""Pull requests in Azure Repos, by the packed task, in the shallow checkout of a test merge."""

from __future__ import annotations

from tests.journeys.azure.world import World

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_pull_request_that_improves_passes_and_its_thread_goes_on_after_the_merge(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.7)
    world.push("better")
    world.train_at_home()  # with the candidate the third point of the chart
    world.tell_others()
    world.lab.skill(0.9)
    pull_request = world.pull_request()
    ended = world.on_pull_request(pull_request)
    assert ended.result == "Succeeded", ended.log
    assert ended.outputs["outcome"] == "passed"
    assert "### coin: ready" in world.said(pull_request)
    assert any("### coin: ready" in summary for summary in ended.summaries)
    assert (world.thread(pull_request).status, world.status(pull_request)) == ("closed", "succeeded")
    [picture] = pull_request.attachments.items()
    assert picture[0] in world.said(pull_request)
    assert picture[1].startswith(PNG)
    assert (world.champion(), world.shop.runs) == (2, [])
    world.merge(pull_request)
    ended = world.on_push()
    assert ended.result == "Succeeded", ended.log
    assert "v3 promoted" in world.said(pull_request)
    assert world.champion() == 3
    assert [run["templateParameters"] for run in world.shop.runs] == [{"version": "3"}]


def test_a_pull_request_that_regresses_fails_with_the_reason_in_its_thread_until_it_is_mended(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.3)
    pull_request = world.pull_request()
    ended = world.on_pull_request(pull_request)
    assert (ended.result, ended.message) == ("Failed", "the gate refused"), ended.log
    assert ended.outputs["outcome"] == "refused"
    assert "coin: refused" in world.said(pull_request)
    assert "accuracy, better" in world.said(pull_request)
    assert (world.thread(pull_request).status, world.status(pull_request)) == ("active", "failed")
    assert world.champion() == 1
    world.lab.skill(0.9)
    world.pull_request()
    ended = world.on_pull_request(pull_request)
    assert ended.result == "Succeeded", ended.log
    assert "### coin: ready" in world.said(pull_request)
    assert (world.thread(pull_request).status, world.status(pull_request)) == ("closed", "succeeded")


def test_a_change_of_the_readme_trains_nothing(world: World) -> None:
    world.push("first")
    assert world.on_push().result == "Succeeded"
    world.lab.write("README.md", "a fair coin\n")
    pull_request = world.pull_request()
    ended = world.on_pull_request(pull_request, number=8100)
    again = world.on_pull_request(pull_request, number=8100, attempt=2)
    for each in (ended, again):
        assert each.result == "Succeeded", each.log
        assert each.outputs["outcome"] == "unchanged"
        assert "trained to" not in each.log
    assert "coin: unchanged" in world.said(pull_request)
    assert world.thread(pull_request).status == "closed"


def test_a_second_attempt_of_a_pull_request_trains_nothing_and_keeps_its_one_thread(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.8)
    pull_request = world.pull_request()
    first = world.on_pull_request(pull_request, number=8100)
    again = world.on_pull_request(pull_request, number=8100, attempt=2)
    assert first.result == again.result == "Succeeded", first.log + again.log
    assert "trained to" not in again.log
    assert "### coin: ready" in world.said(pull_request)
    assert world.champion() == 1


def test_two_models_share_one_thread_and_one_status(world: World) -> None:
    world.second_project()
    world.push("two models")
    for project in ("", "dice.yaml"):
        assert world.on_push(inputs={"project": project} if project else {}).result == "Succeeded"
    assert {model: world.champion(model) for model in ("coin", "dice")} == {"coin": 1, "dice": 1}
    world.lab.skill(0.3)
    pull_request = world.pull_request()
    for project in ("", "dice.yaml"):
        ended = world.on_pull_request(pull_request, inputs={"project": project} if project else {})
        assert ended.message == "the gate refused", ended.log
    said = world.said(pull_request)
    assert said.count("<!-- section ") == 2
    assert "coin: refused" in said
    assert "dice: refused" in said
    assert (world.thread(pull_request).status, world.status(pull_request)) == ("active", "failed")


def test_the_gate_decides_over_a_fork_which_writes_nothing(world: World) -> None:
    world.make_champion()
    before = {path: path.stat().st_mtime_ns for path in (world.folder / "models").rglob("*") if path.is_file()}
    world.lab.skill(0.3)
    pull_request = world.pull_request(fork=True)
    # Without a token a private repository gives nothing more than what the agent has checked out.
    ended = world.on_pull_request(pull_request)
    assert "this clone lacks a part of the history" in ended.message
    assert "fetchDepth: 0" in ended.message
    ended = world.on_pull_request(pull_request, shallow=False)
    assert (ended.result, ended.message) == ("Failed", "the gate refused"), ended.log
    assert any("coin: refused" in summary for summary in ended.summaries)
    assert (pull_request.threads, pull_request.statuses, pull_request.attachments) == ([], [], {})
    world.lab.skill(0.8)
    world.pull_request(fork=True)
    ended = world.on_pull_request(pull_request, shallow=False)
    assert ended.result == "Succeeded", ended.log
    after = {path: path.stat().st_mtime_ns for path in (world.folder / "models").rglob("*") if path.is_file()}
    assert after == before
