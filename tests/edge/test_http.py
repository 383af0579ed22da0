"""The HTTP client, against a scripted server."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.http_retries import ATTEMPTS, LONGEST_PAUSE
from mlops_ci.errors import MlopsError, OutcomeUnknownError, RemoteError, UsageError
from tests.parts.loopback import Request
from tests.parts.need import missing
from tests.support.loopback import DROP, Loopback, Reply, in_turn, of_json, serving

TOKEN = "Bearer very-secret-token"
BUSY = Reply(503, b"busy")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving(in_turn(of_json({}))) as found:
        yield found


class Client(Http):
    """A client that notes its pauses instead of making them."""

    def __init__(self, base: str, authorization: str | None = TOKEN, now: float = 0.0) -> None:
        self.pauses: list[float] = []
        super().__init__(
            base,
            service="the server",
            credential="THE_TOKEN",
            authorization=authorization,
            sleep=self.pauses.append,
            clock=lambda: now,
        )


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(server.url)


def failing(call: object, kind: type[MlopsError] = RemoteError) -> MlopsError:
    assert callable(call)
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_json_goes_out_and_comes_in(server: Loopback, client: Client) -> None:
    server.answer = in_turn(of_json({"a": [1, None]}))
    assert client.json("POST", "x/y", body={"b": 2}, params={"q": "ü &"}) == {"a": [1, None]}
    [request] = server.requests
    assert (request.method, request.path, request.query, json.loads(request.body)) == (
        "POST", "/x/y", {"q": "ü &"}, {"b": 2},
    )  # fmt: skip
    assert request.headers["authorization"] == TOKEN


def test_an_empty_answer_is_none(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(204))
    assert client.json("DELETE", "x") is None


@pytest.mark.parametrize(
    "failure", [BUSY, Reply(500), Reply(502), Reply(504), Reply(429), DROP, Reply(body=b"{}", cut=1)]
)
def test_a_passing_failure_is_tried_again(server: Loopback, client: Client, failure: Reply) -> None:
    server.answer = in_turn(failure, failure, of_json("fine"))
    assert client.json("GET", "x") == "fine"
    assert len(client.pauses) == 2
    assert 0.25 <= client.pauses[0] <= 0.75 <= 1.5 * client.pauses[1] <= 2.25


def test_attempts_are_bounded(server: Loopback, client: Client) -> None:
    server.answer = in_turn(BUSY)
    error = failing(lambda: client.json("GET", "x"))
    assert error.line() == f"the server answered 503; {server.url}/x; run the command again later"
    assert (len(server.requests), len(client.pauses)) == (ATTEMPTS, ATTEMPTS - 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_lasting_refusal_is_not(server: Loopback, client: Client, status: int) -> None:
    server.answer = in_turn(of_json({"message": "no\nway"}, status))
    error = failing(lambda: client.json("GET", "x"), ResponseError)
    assert isinstance(error, ResponseError)
    assert (error.status, error.document, len(server.requests)) == (status, {"message": "no\nway"}, 1)
    assert error.what == f"the server answered {status}: no way"
    assert ("THE_TOKEN" in error.line()) == (status in {401, 403})


@pytest.mark.parametrize("failure", [DROP, Reply(502), Reply(504), Reply(body=b"{}", cut=1)])
def test_what_must_not_happen_twice_is_sent_once(server: Loopback, client: Client, failure: Reply) -> None:
    server.answer = in_turn(failure, of_json("twice"))
    failing(lambda: client.json("POST", "x"), OutcomeUnknownError)
    assert len(server.requests) == 1


def test_a_500_to_such_a_request_is_an_error_and_no_riddle(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(500), of_json("twice"))
    assert failing(lambda: client.json("POST", "x")).exit_code == 3
    assert len(server.requests) == 1


def test_too_many_requests_have_not_been_carried_out(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(429, headers={"Retry-After": "7"}), of_json("once"))
    assert client.json("POST", "x") == "once"
    assert client.pauses == [7.0]


def test_a_post_that_is_harmless_may_be_repeated(server: Loopback, client: Client) -> None:
    server.answer = in_turn(DROP, of_json("twice"))
    assert client.json("POST", "x", idempotent=True) == "twice"


def test_a_retry_after_may_be_a_date(server: Loopback) -> None:
    server.answer = in_turn(Reply(503, headers={"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}), of_json(1))
    client = Client(server.url, now=70.0)
    client.json("GET", "x")
    assert client.pauses == [30.0]


@pytest.mark.parametrize("value", [str(int(LONGEST_PAUSE) + 1), "9" * 40, "Fri, 02 Jan 1970 00:00:00 GMT"])
def test_a_long_wait_is_left_to_the_user(server: Loopback, client: Client, value: str) -> None:
    server.answer = in_turn(Reply(429, headers={"Retry-After": value}))
    assert "it asks to wait for" in failing(lambda: client.json("GET", "x")).line()
    assert (len(server.requests), client.pauses) == (1, [])


@pytest.mark.parametrize("value", ["soon", "", "-5", "1e3"])
def test_a_retry_after_that_says_nothing_is_ignored(server: Loopback, client: Client, value: str) -> None:
    server.answer = in_turn(Reply(503, headers={"Retry-After": value}), of_json(1))
    client.json("GET", "x")
    assert client.pauses[0] < 2


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"<!DOCTYPE html><p>Sign in", "HTML"), (b" <html>", "HTML"), (b"{", "something"), (b"[" * 100_000, "something")],
)  # fmt: skip
def test_an_answer_that_is_no_json(server: Loopback, client: Client, body: bytes, said: str) -> None:
    server.answer = in_turn(Reply(200, body))
    assert f"answered with {said}, not JSON" in failing(lambda: client.json("GET", "x")).line()


def test_json_is_bounded(server: Loopback, client: Client) -> None:
    server.answer = in_turn(of_json("x" * 1000))
    assert client.json("GET", "x", limit=1002) == "x" * 1000
    assert "more than 1,001 bytes" in failing(lambda: client.json("GET", "x", limit=1001)).line()


def test_the_credential_is_never_shown(server: Loopback, client: Client) -> None:
    server.answer = lambda request: of_json({"message": f"bad header: {request.headers['authorization']}"}, 400)
    assert "very-secret-token" not in failing(lambda: client.json("GET", "x?token=very-secret-token")).line()


@pytest.mark.parametrize("authorization", ["Bearer a\nb", "Bearer \N{SNOWMAN}"])
def test_a_credential_that_no_header_can_carry(server: Loopback, authorization: str) -> None:
    error = failing(lambda: Client(server.url, authorization).json("GET", "x"), UsageError)
    assert "check THE_TOKEN" in error.line()
    assert authorization not in error.line()
    assert error.__suppress_context__


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x", "http://", "http://user:secret@host", "http://token@host", "https://x:99999", "http://x/?sig=secret",
     "http://x/#a", "https://x\n.y"],
)  # fmt: skip
def test_an_address_that_is_none_or_has_a_credential(address: str) -> None:
    assert "secret" not in failing(lambda: Client(address), UsageError).line()


def test_netrc_is_nobodys_credential(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Client(server.url, authorization=None).json("GET", "x")
    assert "authorization" not in server.requests[0].headers


def test_a_redirect_stays_on_the_host(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(302, headers={"Location": "/y?a=1"}), of_json(1))
    assert client.json("GET", "x", params={"q": "1"}) == 1
    assert server.asked == ["GET /x?q=1", "GET /y?a=1"]
    assert server.requests[1].headers["authorization"] == TOKEN


def test_a_redirect_to_a_login_page_is_not_followed(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(302, headers={"Location": "https://login.example/?next=secret"}))
    error = failing(lambda: client.json("GET", "x"))
    assert error.what == "the server redirects to https://login.example"
    assert "check THE_TOKEN" in error.line()


@pytest.mark.parametrize("address", ["http://[::1", "https://host:99999/", "https://host:port/"])
def test_an_address_that_is_none_is_not_followed(server: Loopback, client: Client, address: str) -> None:
    server.answer = in_turn(Reply(302, headers={"Location": address}))
    assert "an address that is none" in failing(lambda: client.json("GET", "x")).line()
    server.answer = in_turn(of_json([1], Link=f'<{address}>; rel="next"'))
    assert "an address that is none" in failing(lambda: list(client.pages("x", most=3))).line()


def test_a_request_that_changes_something_is_not_redirected(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(307, headers={"Location": "/y"}), of_json(1))
    failing(lambda: client.json("PUT", "x", body={}))
    assert server.asked == ["PUT /x"]


def test_redirects_end(server: Loopback, client: Client) -> None:
    server.answer = in_turn(Reply(301, headers={"Location": "/x"}))
    assert "redirects without end" in failing(lambda: client.json("GET", "x")).line()


def test_a_download_goes_on_at_another_host_without_the_credential(
    server: Loopback, client: Client, tmp_path: Path
) -> None:
    with serving(in_turn(Reply(body=b"bytes"))) as storage:
        server.answer = in_turn(Reply(302, headers={"Location": f"{storage.url}/blob?sig=1"}))
        assert client.download("x", tmp_path / "file") == 5
        assert storage.asked == ["GET /blob?sig=1"]
        assert "authorization" not in storage.requests[0].headers
    assert (tmp_path / "file").read_bytes() == b"bytes"


def test_a_download_that_breaks_off_begins_again(server: Loopback, client: Client, tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    server.answer = in_turn(Reply(body=content, cut=1_500_000), Reply(body=content))
    assert client.download("x", tmp_path / "file") == len(content)
    assert (tmp_path / "file").read_bytes() == content


def test_a_download_that_fails_leaves_no_file(server: Loopback, client: Client, tmp_path: Path) -> None:
    server.answer = in_turn(Reply(body=b"0123456789", cut=4))
    failing(lambda: client.download("x", tmp_path / "file"))
    server.answer = in_turn(Reply(404))
    failing(lambda: client.download("x", tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []


def test_a_download_gives_the_bytes_as_they_are_stored(server: Loopback, client: Client, tmp_path: Path) -> None:
    packed = gzip.compress(b"model")
    server.answer = in_turn(Reply(body=packed, headers={"Content-Encoding": "gzip"}))
    client.download("model.gz", tmp_path / "model.gz")
    assert (tmp_path / "model.gz").read_bytes() == packed
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("content", [b"", b"x" * 3_000_000])
def test_an_upload_is_repeated_whole(server: Loopback, client: Client, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    server.answer = in_turn(BUSY, Reply(201))
    client.upload("x", tmp_path / "file")
    assert [(request.method, request.body) for request in server.requests] == [("PUT", content)] * 2
    assert {request.headers["content-length"] for request in server.requests} == {str(len(content))}


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{taken.getsockname()[1]}")
        error = failing(lambda: client.json("POST", "x"))
    assert error.what == "the server refuses connections"
    assert len(client.pauses) == ATTEMPTS - 1, "nothing was sent: even a POST may be tried again"


def test_a_name_that_is_not_known() -> None:
    assert (
        failing(lambda: Client("http://nowhere.invalid").json("GET", "x")).what == "the name of the server is not known"
    )


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        missing("openssl")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with serving(in_turn(of_json({})), context) as server:
        client = Client(server.url)
        error = failing(lambda: client.json("GET", "x"))
    assert error.what == "no secure connection to the server: self-signed certificate"
    assert client.pauses == []
    assert server.requests == []


def test_a_refusal_of_any_size_is_read_in_part(server: Loopback, client: Client) -> None:
    def huge(_: Request) -> Reply:
        return Reply(400, b"x" * 10_000_000)

    server.answer = huge
    assert failing(lambda: client.json("GET", "x")).what == "the server answered 400"


def test_an_address_below_a_path_is_shown_once() -> None:
    with pytest.raises(RemoteError) as raised:
        Client("http://127.0.0.1:1/api/v3").json("GET", "repos/acme/ml?token=secret")
    assert raised.value.where == "http://127.0.0.1:1/api/v3/repos/acme/ml"
