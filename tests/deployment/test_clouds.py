"""What holds for both clouds, whatever goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, RemoteError, UsageError
from tests.deployment.clouds import SECRET, Cloud, container_instances, kubernetes, order
from tests.parts.faults import Fault

_PASSING = [Fault.THROTTLED, Fault.UNAVAILABLE, Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.BAD_GATEWAY_AFTER]


@pytest.fixture(params=["kubernetes", "aci"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    if request.param == "kubernetes":
        with kubernetes(tmp_path) as made:
            yield made
    else:
        with container_instances() as other:
            yield other


def test_an_instance_answers_for_itself_whether_it_serves_or_not(cloud: Cloud) -> None:
    target = cloud.target
    first, second = target.start(order(1)), target.start(order(2))
    for instance in (first, second):
        cloud.settle(instance)
        assert target.status(instance).condition == "running"
    live = target.switch(first, None)
    assert cloud.reached(live) == order(1).image
    for number, instance in ((1, first), (2, second)):
        answer = target.request(instance, "POST", "/score", b'{"data": 1}', {"Content-Type": "application/json"})
        told = json.loads(answer.body)
        assert (answer.status, told["image"], told["method"]) == (200, order(number).image, "POST")
        assert (told["target"], told["body"]) == ("/score", '{"data": 1}')
        assert told["headers"]["content-type"] == "application/json"
    assert target.request(first, "GET", "/health/ready").status == 200


def test_a_refusal_of_the_server_is_an_answer_and_asked_for_once(cloud: Cloud) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    answer = cloud.target.request(instance, "GET", "/busy")
    assert (answer.status, answer.body) == (503, b"busy")
    assert cloud.slept == []


def test_a_key_for_the_server_reaches_the_server(cloud: Cloud) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    answer = cloud.target.request(instance, "GET", "/", headers={"Authorization": "Bearer the-key"})
    headers = json.loads(answer.body)["headers"]
    assert headers.get("x-api-key", headers.get("authorization", "").removeprefix("Bearer ")) == "the-key"


def test_clients_follow_the_switch_there_and_back(cloud: Cloud) -> None:
    target = cloud.target
    old, new = target.start(order(1)), target.start(order(2))
    cloud.settle(old)
    cloud.settle(new)
    target.switch(old, None)
    live = target.switch(new, old)
    assert target.switch(new, old) == live
    assert cloud.reached(live) == order(2).image
    assert cloud.reached(target.switch(old, new)) == order(1).image


def test_starting_the_same_order_twice_is_one_instance(cloud: Cloud) -> None:
    first = cloud.target.start(order())
    cloud.settle(first)
    left = cloud.left()
    assert cloud.target.start(order()) == first
    assert (cloud.left(), cloud.starts(order())) == (left, 1)


def test_what_was_started_is_found_by_who_comes_next(cloud: Cloud) -> None:
    target = cloud.target
    started = {f"w1-{number}": target.start(order(number)) for number in (1, 2)}
    target.start(order(3, name="shop-2"))
    target.start(replace(order(4), model="other"))
    assert target.instances("fraud", "shop") == started
    assert target.instances("fraud", "nothing") == {}


def test_a_retired_instance_does_not_answer_and_comes_back(cloud: Cloud) -> None:
    target = cloud.target
    instance = target.start(order())
    cloud.settle(instance)
    target.switch(instance, None)
    for _ in range(2):
        target.retire(instance)
    assert target.status(instance).condition == "stopped"
    with pytest.raises(RemoteError, match=r"stopped|does not run"):
        target.switch(instance, None)
    for _ in range(2):
        revived = target.revive(instance)
    cloud.settle(revived)
    assert target.status(revived).condition == "running"
    assert cloud.reached(target.switch(revived, None)) == order().image


def test_deleting_leaves_nothing_and_may_be_repeated(cloud: Cloud) -> None:
    target = cloud.target
    old, new = target.start(order(1)), target.start(order(2))
    for instance in (old, new):
        cloud.settle(instance)
    target.switch(new, old)
    target.delete(old)
    assert cloud.reached(target.switch(new, None)) == order(2).image
    assert target.status(old).condition == "gone"
    for _ in range(2):
        target.delete(new)
    assert cloud.left() == []
    target.retire(new)
    for work in (lambda: target.switch(new, None), lambda: target.revive(new), lambda: target.request(new, "GET", "/")):
        with pytest.raises(RemoteError):
            work()


def test_what_belongs_to_somebody_else_is_not_touched(cloud: Cloud) -> None:
    cloud.occupy(order())
    left = cloud.left()
    with pytest.raises(ConflictError, match="not this deployment's"):
        cloud.target.start(order())
    instance = replace(cloud.target.start(order(2)), id=cloud.target.start(order(2)).id.replace("w1-2", "w1-1"))
    for work in (cloud.target.delete, cloud.target.retire):
        with pytest.raises(ConflictError, match="not ours"):
            work(instance)
    assert set(left) <= set(cloud.left())


def test_a_version_without_an_image_cannot_be_started(cloud: Cloud) -> None:
    with pytest.raises(UsageError, match="none; mlops-ci image build"):
        cloud.target.start(replace(order(), image=None))
    assert cloud.left() == []


def test_secrets_are_shown_to_nobody(cloud: Cloud) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    shown = repr([instance, cloud.target.status(instance), cloud.target.instances("fraud", "shop")])
    assert SECRET not in shown
    assert SECRET not in cloud.name(order())


@pytest.mark.parametrize("fault", _PASSING)
def test_a_life_goes_on_through_every_passing_failure(cloud: Cloud, fault: Fault) -> None:
    cloud.faults.kinds, cloud.faults.rate, cloud.faults.in_a_row = (fault,), 0.5, 2
    target = cloud.target
    old, new = target.start(order(1)), target.start(order(2))
    cloud.settle(old)
    cloud.settle(new)
    target.switch(old, None)
    target.switch(new, old)
    target.retire(old)
    target.revive(old)
    cloud.settle(old)
    target.switch(old, new)
    target.delete(new)
    cloud.faults.rate = 0.0
    assert cloud.faults.happened
    assert cloud.reached(target.switch(old, None)) == order(1).image
    assert list(target.instances("fraud", "shop")) == ["w1-1"]


def test_logs_are_told_without_their_stamps(cloud: Cloud) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    cloud.log(order(), ["2026-01-01T00:00:01Z loading the model", "2026-01-01T00:00:02Z ready  now"])
    told = [line.rpartition(": ")[2] for line in cloud.target.logs(instance)]
    assert told == ["loading the model", "ready  now"]


def test_who_follows_logs_hears_each_line_once_until_the_end(cloud: Cloud) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    lines = [f"2026-01-01T00:00:0{number}Z line {number}" for number in range(6)]
    cloud.log(order(), lines[:2])
    following = cloud.target.logs(instance, follow=True)
    heard = list(islice(following, 2))
    # What is oldest may be forgotten meanwhile.
    cloud.log(order(), lines[1:4])
    heard += list(islice(following, 2))
    cloud.log(order(), lines[4:])
    heard += list(islice(following, 2))
    cloud.target.delete(instance)
    heard += list(following)
    assert [line.rpartition(": ")[2] for line in heard] == [f"line {number}" for number in range(6)]
