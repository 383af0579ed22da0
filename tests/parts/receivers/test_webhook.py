import base64
import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest

from tests.parts.faults import Fault
from tests.parts.receivers import WebhookReceiver
from tests.parts.receivers.sending import send

_BODY = b'{"type": "model.registered"}'


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver.started() as server:
        yield server


def _headers(receiver: WebhookReceiver, event: str = "evt_1", body: bytes = _BODY, age: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - age)
    key = base64.b64decode(receiver.secret.removeprefix("whsec_"))
    signature = hmac.new(key, f"{event}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


def test_what_is_signed_is_taken_in_order(receiver: WebhookReceiver) -> None:
    for event in ("evt_1", "evt_2", "evt_1"):
        assert send(receiver.url, _BODY, _headers(receiver, event)) == (204, b"")
    assert [each.id for each in receiver.deliveries] == ["evt_1", "evt_2", "evt_1"]
    assert [each.content for each in receiver.of("evt_1")] == [{"type": "model.registered"}] * 2
    assert not receiver.violations


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"webhook-id": "evt_2"}, 401),
        ({"webhook-timestamp": "1"}, 401),
        ({"webhook-timestamp": "now"}, 400),
        ({"webhook-signature": "v1,AAAA"}, 401),
        ({"webhook-signature": "AAAA"}, 400),
        ({"webhook-signature": ""}, 400),
        ({"webhook-id": "a.b"}, 400),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_what_is_not_signed_is_refused(receiver: WebhookReceiver, changed: dict[str, str], status: int) -> None:
    assert send(receiver.url, _BODY, _headers(receiver) | changed)[0] == status
    assert not receiver.deliveries
    assert len(receiver.violations) == 1


def test_other_bytes_are_refused(receiver: WebhookReceiver) -> None:
    assert send(receiver.url, _BODY + b" ", _headers(receiver))[0] == 401


def test_an_old_signature_is_refused(receiver: WebhookReceiver) -> None:
    assert send(receiver.url, _BODY, _headers(receiver, age=301))[0] == 401


def test_an_id_stands_for_one_content(receiver: WebhookReceiver) -> None:
    other = b'{"type": "model.promoted"}'
    assert send(receiver.url, _BODY, _headers(receiver))[0] == 204
    assert send(receiver.url, other, _headers(receiver, body=other))[0] == 409
    assert len(receiver.deliveries) == 1


def test_another_address_or_method_is_refused(receiver: WebhookReceiver) -> None:
    assert send(f"{receiver.url}2", _BODY, _headers(receiver))[0] == 404
    assert send(receiver.url, _BODY, _headers(receiver), "PUT")[0] == 405
    assert len(receiver.violations) == 2


def test_a_lost_answer_is_a_delivery_all_the_same(receiver: WebhookReceiver) -> None:
    receiver.faults.fail_next([Fault.UNAVAILABLE, Fault.LOST_BEFORE, Fault.LOST_AFTER])
    assert send(receiver.url, _BODY, _headers(receiver))[0] == 503
    for taken in (0, 1):
        with pytest.raises(ConnectionResetError):
            send(receiver.url, _BODY, _headers(receiver))
        assert len(receiver.deliveries) == taken
    assert len(receiver.requests) == 3
