from collections.abc import Iterator
from typing import Any

import pytest

from tests.parts.faults import Fault
from tests.parts.receivers import SlackReceiver, TeamsReceiver
from tests.parts.receivers.sending import send

_JSON = {"Content-Type": "application/json"}
_SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*flight-delay* 12 is live"}}
_BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://acme.example/runs/1"}
_BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "Promoted"}},
    _SECTION,
    {"type": "divider"},
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*AUC*"}, {"type": "plain_text", "text": "0.85"}]},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "run 8123"}]},
    {"type": "actions", "elements": [_BUTTON]},
]


@pytest.fixture
def slack() -> Iterator[SlackReceiver]:
    with SlackReceiver.started() as server:
        yield server


@pytest.fixture
def teams() -> Iterator[TeamsReceiver]:
    with TeamsReceiver.started() as server:
        yield server


def test_slack_takes_a_message(slack: SlackReceiver) -> None:
    assert send(slack.url, {"text": "promoted", "blocks": _BLOCKS}, _JSON) == (200, b"ok")
    assert send(slack.url, {"text": "promoted"}, _JSON) == (200, b"ok")
    assert len(slack.deliveries) == 2
    assert not slack.violations


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (b"{", b"invalid_payload"),
        ([], b"invalid_payload"),
        ({"text": 1}, b"invalid_payload"),
        ({"text": "x", "colour": "red"}, b"invalid_payload"),
        ({}, b"no_text"),
        ({"blocks": []}, b"no_text"),
        ({"text": ""}, b"no_text"),
        ({"blocks": [_SECTION] * 51}, b"invalid_blocks"),
        ({"blocks": [_section("x" * 3001)]}, b"invalid_blocks"),
        ({"blocks": [_section("")]}, b"invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, b"invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, b"invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, b"invalid_blocks"),
        ({"blocks": [{"type": "actions", "elements": [{**_BUTTON, "url": "javascript:x"}]}]}, b"invalid_blocks"),
        ({"blocks": [{"type": "table"}]}, b"invalid_blocks"),
        ({"blocks": [{**_SECTION, "block_id": "a"}] * 2}, b"invalid_blocks"),
    ],
)
def test_slack_refuses_what_it_cannot_show(slack: SlackReceiver, message: Any, word: bytes) -> None:
    assert send(slack.url, message, _JSON) == (400, word)
    assert not slack.deliveries
    assert len(slack.violations) == 1


def test_slack_needs_its_media_type_and_its_secret(slack: SlackReceiver) -> None:
    assert send(slack.url, {"text": "x"}, {"Content-Type": "text/plain"})[0] == 400
    assert send(f"{slack.endpoint}/services/T/B/x", {"text": "x"}, _JSON)[0] == 404


def test_slack_limits_its_rate(slack: SlackReceiver) -> None:
    slack.faults.fail_next([Fault.THROTTLED, Fault.INTERNAL])
    assert send(slack.url, {"text": "x"}, _JSON) == (429, b"rate_limited")
    assert send(slack.url, {"text": "x"}, _JSON) == (500, b"rollup_error")


_TEXT = {"type": "TextBlock", "text": "flight-delay 12 is live", "wrap": True, "weight": "bolder"}
_BODY = [
    _TEXT,
    {"type": "FactSet", "facts": [{"title": "AUC", "value": "0.85"}]},
    {"type": "Container", "style": "good", "items": [_TEXT]},
    {"type": "ColumnSet", "columns": [{"type": "Column", "width": "auto", "items": [_TEXT]}]},
    {"type": "RichTextBlock", "inlines": ["a", {"type": "TextRun", "text": "b", "italic": True}]},
]
_OPEN = {"type": "Action.OpenUrl", "title": "Open", "url": "https://acme.example/runs/1"}
_TABLE = {
    "type": "Table",
    "columns": [{"width": 1}],
    "rows": [{"type": "TableRow", "cells": [{"type": "TableCell", "items": [_TEXT]}]}],
}


def _message(body: Any = None, version: str = "1.4", **card: Any) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "version": version, "body": _BODY if body is None else body, **card}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def test_teams_posts_a_card(teams: TeamsReceiver) -> None:
    assert send(teams.url, _message(actions=[_OPEN], msteams={"width": "Full"}), _JSON) == (202, b"")
    assert send(teams.url, _message([_TABLE], "1.5"), _JSON)[0] == 202
    assert len(teams.deliveries) == 2
    assert not teams.violations


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        {"text": "x"},
        {"type": "message", "attachments": []},
        {"type": "message", "attachments": [{"contentType": "text/html", "content": "x"}]},
        _message([]),
        _message([{"type": "TextBlock"}]),
        _message([{"type": "TextBlock", "text": "x", "color": "red"}]),
        _message([{"type": "Heading", "text": "x"}]),
        _message([{"type": "Image", "url": "data:image/png;base64,AA=="}]),
        _message([_TABLE], "1.4"),
        _message(version="2.0"),
        _message(actions=[{"type": "Action.Submit"}]),
        _message(actions=[{**_OPEN, "url": "javascript:x"}]),
        _message([{"type": "Container", "items": [{"type": "FactSet", "facts": [{"title": "x"}]}]}]),
    ],
)
def test_teams_refuses_what_is_no_card(teams: TeamsReceiver, message: Any) -> None:
    assert send(teams.url, message, _JSON)[0] == 400
    assert not teams.deliveries
    assert len(teams.violations) == 1


def test_teams_takes_28_kibibytes(teams: TeamsReceiver) -> None:
    assert send(teams.url, _message([{**_TEXT, "text": "x" * 28_000}]), _JSON)[0] == 202
    assert send(teams.url, _message([{**_TEXT, "text": "x" * 28_672}]), _JSON)[0] == 413


def test_teams_needs_its_signature_and_media_type(teams: TeamsReceiver) -> None:
    assert send(teams.url.replace("the-secret", "x"), _message(), _JSON)[0] == 401
    assert send(teams.url, _message(), {"Content-Type": "text/plain"})[0] == 415
