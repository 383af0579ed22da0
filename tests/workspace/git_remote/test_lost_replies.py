"""A line that fails: what was pushed is found, what was not is pushed again, and nothing is pushed twice."""

from __future__ import annotations

import random

import pytest

from mlops_ci.errors import RemoteError
from tests.parts.git_http import Repository
from tests.parts.need import soak
from tests.workspace.git_remote.conftest import Client


def failing(remote: Repository, service: str, when: str, status: int, times: int) -> None:
    """Let that many requests fail."""
    left = [times]

    def fault(asked: str, moment: str) -> int | None:
        if (asked, moment) == (service, when) and left[0]:
            left[0] -= 1
            return status
        return None

    remote.fault = fault


@pytest.mark.parametrize("status", [0, 500, 502, 429])
def test_a_push_whose_reply_got_lost_has_succeeded(client: Client, remote: Repository, status: int) -> None:
    store = client()
    store.create("a", b"1")
    failing(remote, "receive-pack", "after", status, 1)
    assert store.create("b", b"2")
    assert remote.commits() == 2
    assert client("other").get("b") == b"2"


def test_the_first_push_of_all_may_lose_its_reply_too(client: Client, remote: Repository) -> None:
    failing(remote, "receive-pack", "after", 0, 1)
    assert client().create("a", b"1")
    assert (remote.commits(), remote.refs()) == (1, ["refs/mlops-ci/workspace"])


def test_a_lost_reply_does_not_hide_that_somebody_else_wrote_afterwards(client: Client, remote: Repository) -> None:
    one, other = client("one"), client("other")
    one.create("a", b"1")
    cut = [False]

    def fault(service: str, when: str) -> int | None:
        if service == "receive-pack" and when == "after" and not cut[0]:
            cut[0] = True
            other.create("b", b"theirs")
            return 0
        return None

    remote.fault = fault
    with one.together():
        assert one.create("c", b"ours")
    assert {item.key for item in other.list("")} == {"a", "b", "c"}
    assert remote.commits() == 3


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_push_that_did_not_arrive_is_pushed_again(client: Client, remote: Repository, status: int) -> None:
    failing(remote, "receive-pack", "before", status, 1)
    assert client().create("a", b"1")
    assert remote.commits() == 1


def test_a_remote_that_is_gone_is_an_error_whose_outcome_a_later_read_tells(client: Client, remote: Repository) -> None:
    store = client()
    store.create("a", b"1")

    def fault(service: str, when: str) -> int | None:
        taken = remote.commits() == 2
        return 503 if taken else None

    remote.fault = fault
    with pytest.raises(RemoteError, match="503"):
        store.create("b", b"2")
    remote.fault = None
    assert store.get("b") == b"2"
    assert not store.create("b", b"2")


def test_reads_are_tried_again(client: Client, remote: Repository) -> None:
    client().create("a", b"1")
    failing(remote, "upload-pack", "after", 0, 2)
    assert client("other").get("a") == b"1"
    failing(remote, "upload-pack", "before", 503, 1000)
    with pytest.raises(RemoteError, match="503"):
        client("third").get("a")
    assert len(remote.requests) < 60


def test_with_a_bad_line_what_was_acknowledged_is_there_once(client: Client, remote: Repository) -> None:
    chance = random.Random(5)
    store = client()
    store.create("first", b"")

    def fault(service: str, when: str) -> int | None:
        return chance.choice([0, 500]) if chance.random() < 0.2 else None

    remote.fault = fault
    acknowledged, unknown = set(), set()
    for number in range(soak(15, 300)):
        try:
            assert store.create(f"{number}", b"%d" % number), "nobody else writes"
            acknowledged.add(f"{number}")
        except RemoteError:
            unknown.add(f"{number}")
    remote.fault = None
    stored = {item.key for item in client("other").list("")} - {"first"}
    assert len(acknowledged) > soak(10, 200)
    assert acknowledged <= stored <= acknowledged | unknown
    assert remote.commits() == 1 + len(stored)
