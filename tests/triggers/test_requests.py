"""The exact requests, as a person sees them before anything is sent; and what must never be seen in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.project.receivers import Webhook
from mlops_ci.records.codec import encode, plain
from mlops_ci.records.event import CloudEvent, News, event_of_news
from mlops_ci.records.files import FileRecord
from mlops_ci.triggers.call import Call, Means
from mlops_ci.triggers.fitting import fitting
from mlops_ci.triggers.kinds import KINDS, kind_of
from mlops_ci.triggers.message import details, headline
from mlops_ci.triggers.placeholders import filled
from mlops_ci.triggers.rehearsal import rehearse
from mlops_ci.triggers.repository_dispatch import tell as dispatch
from tests.conftest import Golden
from tests.triggers.office import project

SECRET = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
LINES = (
    "{name: shop, github: acme/shop}",
    "{name: shop-other, github: acme/shop, event: landed, token: PAT}",
    '{name: deploy, github: acme/ml, workflow: deploy.yml, ref: v1, inputs: {version: "{version}", why: "{event}"}}',
    "{name: production, github: acme/ml, deployment: production}",
    '{name: run, azure: "acme/My shop/12", branch: main, parameters: {id: "{id}", from: "{url}"}, variables: {n: 3}}',
    "{name: classic, azure-release: acme/shop/3, artifact: _model}",
    "{name: landed, azure-webhook: acme/model-landed, secret: HOOK}",
    '{name: anybody, webhook: "https://example.org/hook?source=ml", secret: HOOK}',
    '{name: grid, event-grid: "https://topic.region-1.eventgrid.azure.net/api/events", key: GRID}',
    "{name: people, teams: TEAMS_URL}",
    "{name: chat, slack: SLACK_URL}",
)


def event(**fields: Any) -> CloudEvent:
    news = News(
        event="model-promoted",
        model="coin",
        version=12,
        digest="sha256:" + "d" * 64,
        workspace="s3://models/coin",
        commit="c" * 40,
        alias="champion",
        previous=11,
        verdict="pass",
        run="20260101T000000000-00000000",
        tags={"team": "fraud"},
        metrics={"accuracy": 0.91, "broken": None},
        files=(FileRecord("build/model.bin", "sha256:" + "f" * 64, 1234),),
    )
    return event_of_news(replace(news, **fields), id="ws/coin/7", workspace="ws", time="2026-01-01T00:00:00.000Z")


def _means(secret: str = SECRET) -> Means:
    return Means(secret, 1_767_225_600, "https://api.github.com", "https://dev.azure.com")


def test_every_kind_is_shown(golden: Golden) -> None:
    told = []
    receivers = project(*LINES).triggers
    assert {type(receiver.to) for receiver in receivers} == set(KINDS)
    for receiver in receivers:
        address = "https://hooks.example.org/services/canary-canary?sig=canary"
        secret = address if receiver.name in {"people", "chat"} else SECRET
        shown = rehearse(kind_of(receiver).tell(event(), receiver.to, _means(secret)))
        told.append(f"# {receiver.name}\n{json.dumps(plain(shown), indent=2)}\n")
    text = "\n".join(told)
    assert "canary" not in text and SECRET not in text
    golden("requests.txt", text)


def test_the_same_event_is_the_same_bytes() -> None:
    assert encode(event()) == encode(event())


def test_what_a_value_contains_is_no_placeholder() -> None:
    inputs = {"all": "{model} {version} {commit} {alias} {event} {id} {digest} {url}"}
    odd = event(alias="champion", workspace="file:///{version}")
    assert filled(inputs, odd)["all"].endswith("file:///{version}")
    assert filled({"x": "{alias}/{commit}"}, event(alias=None, commit=None)) == {"x": "/"}


def test_an_event_too_large_loses_its_bulky_parts_first() -> None:
    files = tuple(FileRecord(f"file-{number}", "sha256:" + "f" * 64, 1) for number in range(2000))
    (call,) = list(_calls(event(files=files)))
    payload = json.loads(call.body)["client_payload"]
    assert len(call.body) < 65_536 and len(payload) <= 10
    assert payload["data"]["files"] == [] and payload["data"]["left_out"] == ["files"]
    assert payload["data"]["metrics"] == {"accuracy": 0.91, "broken": None}
    many = {f"metric-{number}": 1.0 for number in range(9000)}
    (call,) = list(_calls(event(files=files, metrics=many)))
    assert json.loads(call.body)["client_payload"]["data"]["left_out"] == ["files", "metrics"]


def test_an_event_that_no_cut_makes_small_enough_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="the event is larger than 100 bytes"):
        fitting(event(), plain, 100)


def _calls(large: CloudEvent) -> Iterator[Call]:
    return dispatch(large, project(LINES[0]).triggers[0].to, _means())  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["short", "whsec_", "whsec_!!!!", "whsec_YQ==", "a" * 400])
def test_a_secret_that_cannot_sign_is_refused_without_being_shown(secret: str) -> None:
    to = Webhook("https://example.org", "HOOK")
    with pytest.raises(UsageError, match="the value of HOOK is no secret for a webhook") as caught:
        rehearse(KINDS[Webhook].tell(event(), to, _means(secret)))
    assert secret not in caught.value.line() or secret == "whsec_"


def test_a_model_without_a_commit_cannot_be_deployed() -> None:
    (receiver,) = project(LINES[3]).triggers
    with pytest.raises(UsageError, match="has no commit"):
        rehearse(kind_of(receiver).tell(event(commit=None), receiver.to, _means()))


@pytest.mark.parametrize("value", ["http://hooks.example.org/x", "ftp://x", "no address", "https://u:p@h/x"])
@pytest.mark.parametrize("line", LINES[-2:])
def test_an_address_in_a_variable_is_checked_without_being_shown(line: str, value: str) -> None:
    (receiver,) = project(line).triggers
    with pytest.raises(UsageError, match=r"the value of (TEAMS|SLACK)_URL is not right") as caught:
        rehearse(kind_of(receiver).tell(event(), receiver.to, _means(value)))
    assert value not in caught.value.line()


def test_people_are_told_in_plain_words() -> None:
    assert headline(event()) == "coin v12 is now champion, after v11"
    assert headline(event(event="model-registered")) == "coin v12 is registered"
    assert headline(event(test=True)).startswith("A test, nothing happened: ")
    hostile = details(event(metrics={"a\n\x1b[2J" + "x" * 100: 1.0}))
    assert all(line.isprintable() and len(line) < 100 for line in hostile)
