"""What every place keeps to, in whatever way versions run there."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from mlops_ci.deployment.target import Target
from mlops_ci.errors import RemoteError
from mlops_ci.records.deployment import Instance
from tests.deployment.conftest import MODEL, NAME, Place

_PATIENCE = 60.0


def _ready(target: Target, instance: Instance) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            if target.request(instance, "GET", "/health/ready").status == 200:
                return
        except RemoteError:
            pass
        status = target.status(instance)
        assert status.condition in {"starting", "running"}, status
        assert time.monotonic() < end, f"never ready: {status}"
        time.sleep(0.02)


def _scores(target: Target, instance: Instance) -> list[float]:
    headers = {"Content-Type": "application/json"}
    answer = target.request(instance, "POST", "/score", b'{"data": [[1.5], [2.0]]}', headers)
    assert answer.status == 200
    found: list[float] = json.loads(answer.body)["predictions"]
    return found


def test_a_version_is_started_tried_switched_to_replaced_and_comes_back(place: Place) -> None:
    target = place.target
    first = target.start(place.order("a-1"))
    assert first.target == target.kind and first.url is None and first.place
    assert target.start(place.order("a-1")) == first, "the same order twice is one instance"
    assert target.instances(MODEL, NAME) == {"a-1": first}
    _ready(target, first)
    assert _scores(target, first) == [3.0, 4.0]
    serving = target.switch(first, None)
    assert replace(serving, url=None) == first and serving.url
    assert target.switch(serving, None) == serving, "switching to what serves changes nothing"
    second = target.start(place.order("a-2"))
    assert second.id != first.id
    _ready(target, second)
    _ready(target, serving)
    now = target.switch(second, serving)
    assert now.url and _scores(target, now) == [3.0, 4.0]
    target.retire(serving)
    target.retire(serving)
    assert target.status(serving).condition == "stopped"
    assert set(target.instances(MODEL, NAME)) == {"a-1", "a-2"}, "what is retired is kept"
    _ready(target, now)
    back = target.revive(serving)
    assert back.id == first.id
    _ready(target, back)
    assert target.switch(back, now).url
    target.delete(now)
    target.delete(now)
    assert target.status(now).condition == "gone"
    assert _scores(target, back) == [3.0, 4.0]
    target.delete(back)
    assert target.instances(MODEL, NAME) == {}


def test_what_is_gone_is_said_so_and_cannot_serve(place: Place) -> None:
    target = place.target
    instance = target.start(place.order("a-1"))
    _ready(target, instance)
    target.delete(instance)
    assert target.status(instance).condition == "gone"
    for refused in (lambda: target.switch(instance, None), lambda: target.request(instance, "GET", "/health/ready")):
        with pytest.raises(RemoteError):
            refused()
    with pytest.raises(RemoteError):
        target.revive(instance)
    target.retire(instance)
    assert list(target.logs(instance)) in ([], ["its last words"])


def test_deployments_do_not_see_one_another(place: Place) -> None:
    target = place.target
    target.start(place.order("a-1"))
    assert target.instances("another-model", NAME) == {}
    assert target.instances(MODEL, "another") == {}
