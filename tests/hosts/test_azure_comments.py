"""Comments on a pull request in Azure Repos, against a server that keeps state."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import MlopsError, OutcomeUnknownError, RemoteError
from mlops_ci.hosts.reviews import Posted
from tests.hosts.azure_server import Site, site
from tests.parts.azure_devops import CONTRIBUTE
from tests.parts.faults import Fault, Faults
from tests.support.loopback import Reply, in_turn, of_json, serving

MARK = "<!-- mlops-ci repository=acme/ml -->"
PNG = b"\x89PNG\r\n\x1a\nchart"
JWT = "eyJ0eXAi.eyJzdWIi.c2lnbmF0dXJl"


@pytest.fixture
def azure() -> Iterator[Site]:
    with site() as found:
        yield found


def test_a_comment_is_found_again_where_it_was_written(azure: Site) -> None:
    talk = azure.conversation()
    posted = talk.post(f"{MARK}\nü 100 %", resolved=False)
    assert posted == Posted("1/1", f"{MARK}\nü 100 %")
    assert azure.conversation().ours(MARK) == [posted]


def test_a_refusal_is_active_and_a_pass_is_closed(azure: Site) -> None:
    talk = azure.conversation()
    talk.post(f"{MARK} refused", resolved=False)
    [thread] = azure.pull_request.threads
    assert thread.status == "active"
    talk.update("1/1", f"{MARK} passed", resolved=True)
    assert (thread.status, thread.comments[0].content) == ("closed", f"{MARK} passed")
    talk.update("1/1", f"{MARK} refused", resolved=False)
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
    talk.update(posted.id, f"{MARK} two", resolved=False)
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


SIGN_IN = b"\r\n<!DOCTYPE html><html><title>Azure DevOps Services | Sign In</title></html>"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(203, SIGN_IN, {"Content-Type": "text/html"}),
        Reply(200, SIGN_IN, {"Content-Type": "text/html"}),
        Reply(302, SIGN_IN, {"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com"}),
        of_json({"message": "TF400813: The user '' is not authorized to access this resource."}, 401),
    ],
    ids=["203", "200", "302", "401"],
)
def test_a_page_to_sign_in_means_that_the_credential_is_refused(azure: Site, reply: Reply) -> None:
    with serving(in_turn(reply)) as server:
        talk = azure.conversation(SYSTEM_COLLECTIONURI=f"{server.url}/acme/")
        for attempt in (lambda: talk.ours(MARK), lambda: talk.post(MARK, resolved=True)):
            with pytest.raises(ResponseError) as raised:
                attempt()
            assert raised.value.what == "Azure DevOps does not accept the credential"
            assert "check SYSTEM_ACCESSTOKEN" in raised.value.line()
        assert len(server.requests) == 2, "it stays refused, however often one asks"


def test_an_expired_token_is_refused(azure: Site) -> None:
    with pytest.raises(ResponseError, match="does not accept the credential"):
        azure.conversation(SYSTEM_ACCESSTOKEN="expired").ours(MARK)


def test_a_page_on_the_way_to_signing_in_is_followed_only_on_the_host_itself(azure: Site) -> None:
    azure.server.redirects_strangers = True
    with serving(in_turn(Reply(302, headers={"Location": f"{azure.server.url}_signin"}))) as server:
        with pytest.raises(ResponseError, match="does not accept the credential"):
            azure.conversation(SYSTEM_COLLECTIONURI=f"{server.url}/acme/").ours(MARK)
        assert azure.server.requests == [], "the credential goes nowhere else"


def test_a_missing_permission_is_named(azure: Site) -> None:
    azure.server.denied.add(CONTRIBUTE)
    talk = azure.conversation()
    for attempt in (lambda: talk.post(MARK, resolved=True), lambda: talk.picture("x", PNG)):
        with pytest.raises(ResponseError) as raised:
            attempt()
        assert raised.value.status == 403
        assert "TF401027" in raised.value.what
        assert '"Contribute to pull requests" to the build service' in (raised.value.hint or "")


def test_an_unknown_pull_request_is_an_error(azure: Site) -> None:
    with pytest.raises(ResponseError, match="TF401180") as raised:
        azure.reviews().conversation(99).ours(MARK)
    assert raised.value.status == 404


def test_throttling_is_waited_for(azure: Site) -> None:
    azure.server.faults.retry_after = 7
    azure.server.faults.fail_next([Fault.THROTTLED])
    azure.conversation().post(MARK, resolved=True)
    assert azure.pauses == [7.0]
    assert len(azure.pull_request.threads) == 1


def test_who_is_throttled_for_long_is_told_when_to_come_back(azure: Site) -> None:
    azure.server.faults.retry_after = 200
    azure.server.faults.fail_next([Fault.THROTTLED] * 2)
    with pytest.raises(ResponseError, match="wait for 200 seconds"):
        azure.conversation().post(MARK, resolved=True)
    assert azure.pauses == [200.0]
    assert azure.pull_request.threads == []


@pytest.mark.parametrize("fault", [Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.UNAVAILABLE, Fault.LOST_BEFORE, Fault.CUT])
def test_what_may_be_repeated_is(azure: Site, fault: Fault) -> None:
    talk = azure.conversation()
    posted = talk.post(MARK, resolved=False)
    azure.server.faults.fail_next([fault, fault])
    assert talk.ours(MARK) == [posted]
    azure.server.faults.fail_next([fault, None, fault])
    talk.update(posted.id, f"{MARK} new", resolved=True)
    azure.server.faults.fail_next([fault])
    talk.delete(posted.id)
    assert talk.ours(MARK) == []


def test_a_deletion_whose_reply_got_lost_was_one(azure: Site) -> None:
    talk = azure.conversation()
    posted = talk.post(MARK, resolved=False)
    azure.server.faults.fail_next([Fault.LOST_AFTER])
    talk.delete(posted.id)
    assert talk.ours(MARK) == []


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.BAD_GATEWAY_AFTER, Fault.CUT])
def test_a_post_whose_reply_got_lost_is_not_repeated_but_told(azure: Site, fault: Fault) -> None:
    azure.server.faults.fail_next([fault])
    talk = azure.conversation()
    with pytest.raises(OutcomeUnknownError):
        talk.post(MARK, resolved=True)
    assert len(talk.ours(MARK)) == 1


@pytest.mark.parametrize("seed", range(12))
def test_whatever_goes_wrong_is_one_of_our_errors_and_no_thread_is_doubled(azure: Site, seed: int) -> None:
    faults = azure.server.faults = Faults(seed=seed, rate=0.4)
    talk, tries = azure.conversation(), 0
    while True:
        tries += 1
        try:
            standing = talk.ours(MARK)
            if standing:
                talk.update(standing[0].id, f"{MARK} done", resolved=True)
            else:
                talk.post(f"{MARK} done", resolved=True)
            break
        except RemoteError:
            assert tries < 30
    faults.rate = 0.0
    [posted] = talk.ours(MARK)
    assert posted.body == f"{MARK} done"


@pytest.mark.parametrize(
    ("token", "scheme"), [("x" * 52, "Basic"), ("y" * 84, "Basic"), ("eyrie", "Basic"), (JWT, "Bearer")]
)
def test_a_token_is_shown_as_its_kind_wants(azure: Site, token: str, scheme: str) -> None:
    azure.server.token = token
    azure.conversation(SYSTEM_ACCESSTOKEN=token).post(MARK, resolved=True)
    shown = azure.server.requests[-1].headers["authorization"]
    assert azure.server.requests[-1].headers["x-tfs-fedauthredirect"] == "Suppress"
    assert shown == (
        f"Bearer {token}" if scheme == "Bearer" else f"Basic {base64.b64encode(f':{token}'.encode()).decode()}"
    )


def test_the_users_own_token_comes_first(azure: Site) -> None:
    azure.conversation(MLOPS_CI_TOKEN=azure.server.token, SYSTEM_ACCESSTOKEN="of the job").post(MARK, resolved=True)


def test_no_error_shows_the_token(azure: Site) -> None:
    azure.server.denied.add(CONTRIBUTE)
    secret = "s3cr3t" * 9
    azure.server.token, azure.server.identity = secret, base64.b64encode(f":{secret}".encode()).decode()
    with pytest.raises(MlopsError) as raised:
        azure.conversation(SYSTEM_ACCESSTOKEN=secret).post(MARK, resolved=True)
    assert secret not in raised.value.line()
    assert azure.server.identity not in raised.value.line()


@pytest.mark.parametrize(
    "answer",
    [b"[]", b"{}", b'{"value": {}}', b'{"value": [1]}', b'{"value": [{"comments": [{"content": "<!-- mlops-ci"}]}]}'],
)
def test_an_answer_of_another_shape_is_an_error_of_ours(azure: Site, answer: bytes) -> None:
    with serving(in_turn(Reply(200, answer))) as server, pytest.raises(RemoteError):
        azure.conversation(SYSTEM_COLLECTIONURI=f"{server.url}/acme/").ours("<!--")
