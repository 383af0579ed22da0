from collections.abc import Iterator
from typing import Any

import pytest

from tests.parts.faults import Fault
from tests.parts.receivers import EventGridReceiver
from tests.parts.receivers.sending import send

_EVENT = {
    "id": "1",
    "subject": "models/flight-delay:12",
    "eventType": "mlops-ci.ModelRegistered",
    "eventTime": "2024-01-01T00:00:00.123Z",
    "data": {"ModelName": "flight-delay"},
    "dataVersion": "1",
}
_CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/acme/ml",
    "type": "mlops-ci.model.registered",
    "subject": "models/flight-delay:12",
    "time": "2024-01-01T00:00:00Z",
    "data": {"name": "flight-delay"},
}
_ONE, _MANY = "application/cloudevents+json", "application/cloudevents-batch+json"


@pytest.fixture
def topic() -> Iterator[EventGridReceiver]:
    with EventGridReceiver.started() as server:
        yield server


def _send(topic: EventGridReceiver, body: Any, media: str = "application/json", **headers: str) -> int:
    sent = {"Content-Type": f"{media}; charset=utf-8", "aeg-sas-key": topic.key, **headers}
    return send(f"{topic.url}?api-version=2018-01-01", body, sent)[0]


def test_events_of_each_kind_are_taken(topic: EventGridReceiver) -> None:
    assert _send(topic, [_EVENT, {**_EVENT, "id": "2"}]) == 200
    assert _send(topic, {**_CLOUD_EVENT, "id": "3"}, _ONE) == 200
    assert _send(topic, [{**_CLOUD_EVENT, "id": "4"}], _MANY) == 200
    assert [each.id for each in topic.deliveries] == ["1", "2", "3", "4"]
    assert not topic.violations


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (_EVENT, "application/json"),
        ([], "application/json"),
        ([{**_EVENT, "eventTime": "yesterday"}], "application/json"),
        ([{**_EVENT, "eventTime": "2024-13-01T00:00:00Z"}], "application/json"),
        ([{**_EVENT, "eventTime": "2024-01-01T00:00:00"}], "application/json"),
        ([{**_EVENT, "colour": "red"}], "application/json"),
        ([_CLOUD_EVENT], "application/json"),
        ([{key: value for key, value in _EVENT.items() if key != "dataVersion"}], "application/json"),
        ([_CLOUD_EVENT], _ONE),
        (_CLOUD_EVENT, _MANY),
        ([_EVENT], _MANY),
        ({**_CLOUD_EVENT, "specversion": "0.3"}, _ONE),
        ({**_CLOUD_EVENT, "id": ""}, _ONE),
        ({**_CLOUD_EVENT, "source": "a b"}, _ONE),
        ({**_CLOUD_EVENT, "time": "2024-01-01"}, _ONE),
        ({**_CLOUD_EVENT, "modelName": "x"}, _ONE),
        ({**_CLOUD_EVENT, "model": {"name": "x"}}, _ONE),
        ({**_CLOUD_EVENT, "data_base64": "AA=="}, _ONE),
        (b"[", "application/json"),
    ],
)
def test_what_is_no_event_is_refused(topic: EventGridReceiver, body: Any, media: str) -> None:
    assert _send(topic, body, media) == 400
    assert not topic.deliveries
    assert len(topic.violations) == 1


def test_all_events_are_taken_or_none(topic: EventGridReceiver) -> None:
    assert _send(topic, [_EVENT, {**_EVENT, "subject": ""}]) == 400
    assert not topic.deliveries


def test_the_key_is_needed(topic: EventGridReceiver) -> None:
    assert _send(topic, [_EVENT], **{"aeg-sas-key": "wrong"}) == 401


def test_more_than_a_mebibyte_is_too_large(topic: EventGridReceiver) -> None:
    assert _send(topic, [{**_EVENT, "data": "x" * (1 << 20)}]) == 413


def test_another_media_type_is_refused(topic: EventGridReceiver) -> None:
    assert _send(topic, [_EVENT], "text/plain") == 415


def test_the_version_is_needed(topic: EventGridReceiver) -> None:
    headers = {"Content-Type": "application/json", "aeg-sas-key": topic.key}
    assert send(topic.url, [_EVENT], headers)[0] == 400


def test_it_fails_by_script(topic: EventGridReceiver) -> None:
    topic.faults.fail_next([Fault.THROTTLED])
    assert [_send(topic, [_EVENT]), _send(topic, [_EVENT])] == [429, 200]
