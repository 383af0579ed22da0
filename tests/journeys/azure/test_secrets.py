"""Canaries in every place of a secret: no story that fails, and none that passes, shows one or stores one."""

from __future__ import annotations

import json

import pytest

from tests.journeys.azure.world import World
from tests.parts.azure_task import Connection, Ended

CONNECTION = {
    "sas": "sv=2025&sig=canary-sas", "accountKey": "canary-account-key", "secretAccessKey": "canary-secret-key",
    "accessKeyId": "canary-key-id", "serviceAccountKey": '{\n  "private_key": "canary-private-key"\n}',
}  # fmt: skip
OF_THE_STEP = {
    "MLOPS_CI_TOKEN": "canary-personal-token", "WEBHOOK_SECRET": "canary-webhook-secret", "HOOK_KEY": "canary-hook-key",
    "STORAGE_PASSWORD": "canary-password", "AWS_SESSION_TOKEN": "canary-session",
}  # fmt: skip
PRINTS = "import os\nprint(dict(os.environ))\n"


@pytest.fixture
def guarded(world: World) -> World:
    """A champion, and a candidate whose code prints all that it sees."""
    world.make_champion()
    world.tell_others()
    data = {"WORKSPACE": world.place}
    world.connections = {"models": Connection("https://models.acme.test/", data, CONNECTION)}
    world.env |= OF_THE_STEP
    world.server.token = OF_THE_STEP["MLOPS_CI_TOKEN"]
    world.lab.write("train.py", (world.lab.folder / "train.py").read_text("utf-8") + PRINTS)
    return world


def assert_no_canary(world: World, *ended: Ended) -> None:
    for each in ended:
        assert any("canary" in secret for secret in each.secrets)
        assert "canary" not in each.shown, [line for line in each.shown.splitlines() if "canary" in line]
        assert not any("canary" in text for text in (*each.summaries, *each.outputs.values(), each.message))
    for pull_request in world.server.repository.pull_requests.values():
        assert "canary" not in json.dumps(pull_request.statuses)
        assert not any("canary" in one.content for thread in pull_request.threads for one in thread.comments)
    assert "canary" not in json.dumps(world.landed.events)
    kept = [file for file in (world.folder / "models").rglob("*") if file.is_file()]
    assert kept
    assert [file for file in kept if b"canary" in file.read_bytes()] == []


def build(world: World, skill: float, **inputs: str) -> Ended:
    world.lab.skill(skill)
    return world.on_pull_request(world.pull_request(), inputs={"workspaceConnection": "models", **inputs})


def test_a_pull_request_that_is_refused_shows_none(guarded: World) -> None:
    ended = build(guarded, 0.3)
    assert ended.message == "the gate refused", ended.log
    assert_no_canary(guarded, ended)


def test_a_credential_that_is_not_accepted_is_not_shown(guarded: World) -> None:
    guarded.server.token = "another"
    ended = build(guarded, 0.3)
    assert ended.result == "Failed", ended.log
    assert_no_canary(guarded, ended)


def test_code_that_fails_shows_none(guarded: World) -> None:
    guarded.lab.write("train.py", PRINTS + "raise SystemExit(str(os.environ))\n")
    failed = build(guarded, 0.8)
    assert failed.result == "Failed"
    assert_no_canary(guarded, failed)
