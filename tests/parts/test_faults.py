from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import urlsplit

import pytest

from tests.parts.faults import Fault, Faults
from tests.parts.loopback import Answer, Request, serve

_REQUEST = Request("GET", "/a", {}, b"")
_BODY = b"0123456789" * 10


def _ask(faults: Faults) -> tuple[Callable[[], tuple[int, str | None, bytes]], list[Request]]:
    carried_out: list[Request] = []

    def handle(request: Request) -> Answer:
        carried_out.append(request)
        return Answer(200, _BODY)

    def ask() -> tuple[int, str | None, bytes]:
        with serve(lambda request: faults.spoil(request, handle)) as endpoint:
            connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
            with closing(connection):
                connection.request("POST", "/a", b"x")
                with connection.getresponse() as reply:
                    return reply.status, reply.headers["Retry-After"], reply.read()

    return ask, carried_out


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (Fault.THROTTLED, 429, "7"),
        (Fault.INTERNAL, 500, None),
        (Fault.BAD_GATEWAY, 502, None),
        (Fault.UNAVAILABLE, 503, "7"),
    ],
)
def test_a_refused_request_is_not_carried_out(fault: Fault, status: int, retry_after: str | None) -> None:
    faults = Faults(retry_after=7)
    faults.fail_next([fault])
    ask, carried_out = _ask(faults)
    assert ask()[:2] == (status, retry_after)
    assert not carried_out
    assert ask()[0] == 200


@pytest.mark.parametrize(("fault", "times"), [(Fault.LOST_BEFORE, 0), (Fault.LOST_AFTER, 1)])
def test_a_lost_request_resets_the_connection_before_or_after_it_was_carried_out(fault: Fault, times: int) -> None:
    faults = Faults()
    faults.fail_next([fault])
    ask, carried_out = _ask(faults)
    with pytest.raises(ConnectionResetError):
        ask()
    assert len(carried_out) == times


def test_a_cut_body_ends_halfway() -> None:
    faults = Faults()
    faults.fail_next([Fault.CUT])
    ask, carried_out = _ask(faults)
    with pytest.raises(IncompleteRead) as caught:
        ask()
    assert caught.value.partial == _BODY[:50]
    assert len(carried_out) == 1


def test_a_slow_body_arrives_whole() -> None:
    faults = Faults()
    faults.fail_next([Fault.SLOW])
    ask, _ = _ask(faults)
    assert ask()[2] == _BODY


def test_a_gateway_may_lose_the_answer_to_what_was_carried_out() -> None:
    faults = Faults()
    faults.fail_next(["502 after"])
    ask, carried_out = _ask(faults)
    assert ask()[0] == 502
    assert len(carried_out) == 1


def test_a_script_waits_for_the_requests_it_is_for() -> None:
    faults = Faults()
    faults.fail_next([None, Fault.CUT], "POST", "/b")
    post, other = Request("POST", "/a/b", {}, b""), Request("POST", "/a", {}, b"")
    asked = (_REQUEST, post, other, post, post)
    assert [faults.choose(each) for each in asked] == [None, None, None, Fault.CUT, None]
    assert faults.happened == [(Fault.CUT, post)]
    assert faults.pending == 0


def test_a_script_knows_what_can_happen() -> None:
    with pytest.raises(ValueError, match="418"):
        Faults().fail_next(["418"])


def test_one_seed_spoils_the_same_requests_every_time() -> None:
    first, second, other = (Faults(seed, rate=0.5) for seed in (1, 1, 2))
    decided = [[faults.choose(_REQUEST) for _ in range(100)] for faults in (first, second, other)]
    assert decided[0] == decided[1] != decided[2]
    assert {None, *Fault} == set(decided[0])


def test_somebody_who_tries_often_enough_gets_through() -> None:
    faults = Faults(rate=1.0, in_a_row=3)
    assert [faults.choose(_REQUEST) is None for _ in range(8)] == [False, False, False, True] * 2


def test_without_rate_or_script_nothing_fails() -> None:
    ask, carried_out = _ask(Faults())
    assert [ask()[0] for _ in range(3)] == [200] * 3
    assert len(carried_out) == 3
