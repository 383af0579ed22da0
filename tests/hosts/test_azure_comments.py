"""Comments on a pull request in Azure Repos, against a server that keeps state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.hosts.reviews import Posted
from tests.hosts.azure_server import Site, site
from tests.parts.faults import Fault
from tests.support.loopback import in_turn, of_json, serving

MARK = "<!-- mlops-ci repository=acme/ml -->"
PNG = b"\x89PNG\r\n\x1a\nchart"


@pytest.fixture
def azure() -> Iterator[Site]:
    with site() as found:
        yield found


def test_a_comment_is_found_again_where_it_was_written(azure: Site) -> None:
    talk = azure.conversation()
    posted = talk.post(f"{MARK}\nü 100 %", resolved=False)
    assert posted == Posted("1/1", f"{MARK}\nü 100 %", resolved=False)
    assert azure.conversation().ours(MARK) == [posted]


def test_a_refusal_is_active_and_a_pass_is_closed(azure: Site) -> None:
    talk = azure.conversation()
    talk.post(f"{MARK} refused", resolved=False)
    [thread] = azure.pull_request.threads
    assert thread.status == "active"
    talk.update("1/1", lambda: f"{MARK} passed", resolved=True)
    assert (thread.status, thread.comments[0].content) == ("closed", f"{MARK} passed")
    talk.update("1/1", lambda: f"{MARK} refused", resolved=False)
    assert thread.status == "active"
    talk.post("passed", resolved=True)
    assert azure.pull_request.threads[1].status == "closed"


def test_only_our_own_comments_count_oldest_first(azure: Site) -> None:
    azure.server.add_thread(azure.pull_request, f"{MARK} forged by somebody else")
    azure.server.add_thread(azure.pull_request, f"{MARK} joined", system=True)
    talk = azure.conversation()
    talk.post(f"{MARK} one", resolved=True)
    talk.post(f"an answer that quotes {MARK}", resolved=True)
    talk.post(f"{MARK} two", resolved=True)
    assert [posted.body for posted in talk.ours(MARK)] == [f"{MARK} one", f"{MARK} two"]


def test_an_answer_in_our_thread_is_none_of_our_comments(azure: Site) -> None:
    talk = azure.conversation()
    talk.post(f"{MARK} one", resolved=True)
    azure.pull_request.threads[0].add({"content": f"{MARK} me too", "parentCommentId": 1}, "jo@acme.example")
    assert [posted.id for posted in talk.ours(MARK)] == ["1/1"]


def test_a_thread_that_is_full_of_answers_can_still_be_written_anew(azure: Site) -> None:
    talk = azure.conversation()
    posted = talk.post(f"{MARK} one", resolved=True)
    [thread] = azure.pull_request.threads
    for _ in range(499):
        thread.add({"content": "why?", "parentCommentId": 1}, "jo@acme.example")
    talk.update(posted.id, lambda: f"{MARK} two", resolved=False)
    assert [found.body for found in talk.ours(MARK)] == [f"{MARK} two"]


def test_without_threads_nobody_asks_who_we_are(azure: Site) -> None:
    assert azure.conversation().ours(MARK) == []
    assert not [request for request in azure.server.requests if "connectionData" in request.path]


def test_what_is_deleted_is_gone_and_can_be_deleted_again(azure: Site) -> None:
    talk = azure.conversation()
    talk.post(MARK, resolved=True)
    talk.delete("1/1")
    assert talk.ours(MARK) == []
    talk.delete("1/1")
    talk.delete("9/1")


@pytest.mark.parametrize("gone", ["thread", "comment"])
def test_a_shell_of_what_was_deleted_does_not_count_even_with_its_text(azure: Site, gone: str) -> None:
    comment = {"id": 1, "content": MARK, "author": {"id": "x"}, "isDeleted": gone == "comment"}
    thread = {"id": 1, "comments": [comment], "isDeleted": gone == "thread"}
    me = {"authenticatedUser": {"id": "x"}}
    with serving(in_turn(of_json({"value": [thread]}), of_json(me))) as server:
        assert azure.conversation(SYSTEM_COLLECTIONURI=f"{server.url}/acme/").ours(MARK) == []


def test_a_comment_of_somebody_else_is_not_deleted(azure: Site) -> None:
    azure.server.add_thread(azure.pull_request, MARK)
    with pytest.raises(ResponseError, match="cannot be updated"):
        azure.conversation().delete("1/1")


def test_the_longest_body_is_taken(azure: Site) -> None:
    talk = azure.conversation()
    for letter in ("x", "ü", "\N{SNOWMAN}", "\N{PARTY POPPER}"):
        talk.post(letter * (talk.limit // len(letter.encode())), resolved=True)


def test_a_picture_is_attached_and_its_address_shows_it(azure: Site) -> None:
    talk = azure.conversation()
    address = talk.picture("accuracy of flight delay.png", PNG)
    assert address
    [(name, content)] = azure.pull_request.attachments.items()
    assert name.startswith("accuracy-of-flight-delay-")
    assert (content, address.rpartition("/")[2]) == (PNG, name)


def test_the_same_picture_again_is_the_same_address_and_another_is_another(azure: Site) -> None:
    talk = azure.conversation()
    address = talk.picture("chart", PNG)
    assert talk.picture("chart", PNG) == address
    assert talk.picture("chart", PNG + b"2") != address
    assert len(azure.pull_request.attachments) == 2


def test_a_picture_whose_reply_got_lost_is_found(azure: Site) -> None:
    azure.server.faults.fail_next([Fault.LOST_AFTER])
    address = azure.conversation().picture("chart", PNG)
    assert address
    assert list(azure.pull_request.attachments) == [address.rpartition("/")[2]]


@pytest.mark.parametrize("name", ["", "../../x", "ü", "a" * 500, "%2e%2e/", "a?b#c", "(x)[y]"])
def test_a_picture_may_be_called_anything(azure: Site, name: str) -> None:
    address = azure.conversation().picture(name, PNG)
    assert address
    assert not set("()[] ") & set(address)


@pytest.mark.parametrize("address", ["https://x/a) b", "javascript:alert(1)", "", None])
def test_no_address_that_markdown_would_stumble_over_is_given_out(azure: Site, address: str | None) -> None:
    with serving(in_turn(of_json({"url": address}, 201))) as server:
        assert azure.conversation(SYSTEM_COLLECTIONURI=f"{server.url}/acme/").picture("x", PNG) is None
