"""Comments in Azure Repos when the credential, a permission, the service or the network does not play along."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import MlopsError, OutcomeUnknownError, RemoteError
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
    talk.update(posted.id, lambda: f"{MARK} new", resolved=True)
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
                talk.update(standing[0].id, lambda: f"{MARK} done", resolved=True)
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
