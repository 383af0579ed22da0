"""Limits on how often a service may be asked, and lists in pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.http_limits import Limit, limit_of
from mlops_ci.edge.http_retries import LONGEST_PAUSE
from mlops_ci.errors import OutcomeUnknownError, RemoteError
from tests.support.loopback import DROP, Loopback, Reply, in_turn, of_json, serving

SECONDARY = {"message": "You have exceeded a secondary rate limit."}


class Client(Http):
    """A client that notes its pauses instead of making them; the clock says 1,000."""

    def __init__(self, base: str, patience: float = 900.0) -> None:
        self.pauses: list[float] = []
        super().__init__(
            base, service="the server", credential="TOKEN", authorization="Bearer secret-token",
            sleep=self.pauses.append, clock=lambda: 1000.0, patience=patience,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "document", "limit"),
    [
        (429, {}, {}, Limit(None)),
        (429, {"Retry-After": "7"}, {}, Limit(7.0)),
        (403, {"Retry-After": "7"}, {}, Limit(7.0)),
        (403, {"Retry-After": "Thu, 01 Jan 1970 00:17:40 GMT"}, {}, Limit(60.0)),
        (403, {"Retry-After": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999"}, {}, Limit(7.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, {}, Limit(31.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, {}, Limit(1.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, {}, Limit(None)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, {}, Limit(None)),
        (403, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1030"}, {}, None),
        (403, {}, SECONDARY, Limit(None)),
        (403, {}, {"message": "API rate limit exceeded"}, Limit(None)),
        (403, {}, {"message": "Resource not accessible by integration"}, None),
        (403, {}, {"message": ["rate limit"]}, None),
        (404, {"Retry-After": "7"}, SECONDARY, None),
        (503, {"Retry-After": "7"}, {}, None),
    ],
)
def test_a_limit_is_told_from_other_refusals(
    status: int, headers: dict[str, str], document: dict[str, object], limit: Limit | None
) -> None:
    assert limit_of(status, headers, document, lambda: 1000.0) == limit


@given(st.text(), st.text(), st.text())
def test_no_header_is_a_crash(after: str, remaining: str, reset: str) -> None:
    headers = {"Retry-After": after, "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    found = limit_of(403, headers, {}, lambda: 0.0)
    assert found is None or found.pause is None or found.pause >= 0


def test_limits_do_not_count_as_attempts() -> None:
    busy = of_json(SECONDARY, 403, **{"Retry-After": "100"})
    with serving(in_turn(*[busy] * 8, of_json("once"))) as server:
        client = Client(server.url)
        assert client.json("POST", "x") == "once"
    assert client.pauses == [100.0] * 8


def test_the_budget_is_that_of_the_client_and_a_limit_beyond_it_is_told_at_once() -> None:
    busy = of_json(SECONDARY, 403, **{"Retry-After": "500"})
    with serving(in_turn(busy, of_json(1), busy)) as server:
        client = Client(server.url)
        client.json("GET", "x")
        with pytest.raises(ResponseError, match="it asks to wait for 500 seconds"):
            client.json("GET", "x")
    assert client.pauses == [500.0]


@pytest.mark.parametrize("after", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_limit_that_asks_for_no_wait_ends_all_the_same(after: str) -> None:
    with serving(in_turn(of_json({}, 429, **{"Retry-After": after}))) as server:
        client = Client(server.url, patience=20.0)
        with pytest.raises(ResponseError):
            client.json("GET", "x")
        assert len(server.requests) == 21
    assert client.pauses == [1.0] * 20


def test_without_patience_a_long_limit_is_told_at_once() -> None:
    with serving(in_turn(of_json({}, 403, **{"Retry-After": str(LONGEST_PAUSE + 1).split(".")[0]}))) as server:
        client = Client(server.url, patience=0.0)
        with pytest.raises(ResponseError, match="asks to wait"):
            client.json("GET", "x")
        assert (len(server.requests), client.pauses) == (1, [])


def test_a_lost_reply_stays_unknown_however_patient_one_is() -> None:
    with serving(in_turn(of_json(SECONDARY, 403), DROP, of_json("twice"))) as server:
        client = Client(server.url)
        with pytest.raises(OutcomeUnknownError):
            client.json("POST", "x")
        assert len(server.requests) == 2
    assert client.pauses == [60.0]


def linked(server: Loopback, value: object, target: str) -> Reply:
    return of_json(value, Link=f'<{target}>; rel="next", <{server.url}/x?page=9>; rel="last"')


def test_pages_follow_one_another() -> None:
    with serving(in_turn(DROP)) as server:
        first = linked(server, [1], f"{server.url}/x?page=2&q=%C3%BC")
        server.answer = in_turn(first, Reply(503), linked(server, [2], "/elsewhere/x?page=3"), of_json([3]))
        client = Client(server.url + "/api")
        assert list(client.pages("x", params={"q": "ü"}, most=3)) == [[1], [2], [3]]
        assert [request.target for request in server.requests] == [
            "/api/x?q=%C3%BC", "/x?page=2&q=%C3%BC", "/x?page=2&q=%C3%BC", "/elsewhere/x?page=3",
        ]  # fmt: skip
        assert {request.headers["authorization"] for request in server.requests} == {"Bearer secret-token"}


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/x", "https://elsewhere.example.com/x", "file:///etc/passwd"])
def test_pages_lead_to_no_other_server(target: str) -> None:
    with serving(in_turn(DROP)) as server:
        server.answer = in_turn(linked(server, [1], target))
        with pytest.raises(RemoteError, match="lead to another address"):
            list(Client(server.url).pages("x", most=3))
        assert len(server.requests) == 1


def test_pages_without_end_come_to_one() -> None:
    with serving(in_turn(DROP)) as server:
        server.answer = in_turn(linked(server, [1], "x?page=1"))
        with pytest.raises(RemoteError, match="more than 5 pages") as raised:
            list(Client(server.url).pages("x", most=5))
        assert "page=1" not in raised.value.line()
        assert len(server.requests) == 5


def test_a_refused_page_is_a_refusal() -> None:
    with serving(in_turn(of_json({"message": "no"}, 404))) as server, pytest.raises(ResponseError, match="404: no"):
        list(Client(server.url).pages("x", most=5))
