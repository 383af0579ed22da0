"""What can be wrong with a storage, and the one line that says so."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.store import ObjectStore
from tests.parts.bucket import Bucket
from tests.parts.loopback import Answer, Request, serve
from tests.parts.need import missing
from tests.parts.ports import free_ports
from tests.parts.seaweed import environ_of

QUICK = Patience(total=0.5, first=0.01, longest=0.05, connect=0.5)
SERVICES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("azure", "gcs", "s3")]
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIDOFNOBODY",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see",
    "AZURE_STORAGE_SAS_TOKEN": "sv=2024-11-04&sig=a-signature-that-nobody-may-see",
    "GOOGLE_BEARER_TOKEN": "a-token-that-nobody-may-see",
}
METHODS: dict[str, Callable[[ObjectStore, Path], object]] = {
    "get": lambda store, _: store.get("a/b"),
    "create": lambda store, _: store.create("a/b", b"x"),
    "put": lambda store, _: store.put("a/b", b"x"),
    "upload": lambda store, folder: store.upload("a/b", folder / "source"),
    "upload big": lambda store, folder: store.upload("a/b", folder / "big"),
    "download": lambda store, folder: store.download("a/b", folder / "target"),
    "list": lambda store, _: list(store.list("a/")),
    "delete": lambda store, _: store.delete("a/b"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").write_bytes(b"x")
    with (tmp_path / "big").open("wb") as file:
        file.truncate(9 << 20)
    return tmp_path


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def refusal(url: str, folder: Path, method: str = "get") -> str:
    """The one line that a method ends in; it carries neither markup nor secrets, and nothing is left behind."""
    with pytest.raises(RemoteError) as caught:
        METHODS[method](ObjectStore(parse_address(url), patience=QUICK), folder)
    line = caught.value.line()
    assert caught.value.exit_code == 3
    assert len(line) < 500
    assert not any(sign in line for sign in ("\n", "<", "nobody-may-see", "AKIDOFNOBODY", "RetryError", "Debug"))
    assert not (folder / "target").exists()
    return line


def url_at(scheme: str, endpoint: str) -> str:
    return f"{scheme}://models/team?endpoint={endpoint}" + ("&account=acme" if scheme == "az" else "")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("method", METHODS)
def test_a_bucket_that_does_not_exist_is_said_to_by_every_method(
    service: str, method: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    bucket: Bucket = request.getfixturevalue(service)
    line = refusal(bucket.url("team", bucket="no-such-bucket"), folder, method)
    assert "no-such-bucket does not exist" in line
    assert "create it" in line


@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("method", ["get", "create", "list"])
def test_wrong_keys_are_said_to_be_wrong(
    s3: Bucket, method: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRETS["AWS_SECRET_ACCESS_KEY"])
    line = refusal(s3.url(), folder, method)
    assert "does not accept the credentials (403 SignatureDoesNotMatch)" in line
    assert "AWS_SECRET_ACCESS_KEY" in line


@pytest.mark.xdist_group("azure")
def test_a_wrong_account_key_is_said_to_be_wrong(azure: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "bm9ib2R5LW1heS1zZWU=")
    assert "does not accept the credentials" in refusal(azure.url(), folder)


def test_a_wrong_token_is_said_to_be_wrong(gcs: Bucket, folder: Path, nobody: None) -> None:
    assert "does not accept the credentials (401" in refusal(gcs.url(), folder)


@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("method", ["create", "put", "upload big", "delete"])
def test_who_may_only_read_is_told_which_permission_is_missing(
    s3: Bucket, method: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of("reader").items():
        monkeypatch.setenv(name, value)
    line = refusal(s3.url("team"), folder, method)
    assert "access denied (403 AccessDenied)" in line
    assert ("s3:DeleteObject" if method == "delete" else "s3:PutObject") in line


def _xml(status: int, code: str, more: str = "") -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>The words of {code}.</Message>{more}</Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})


HTML = Answer(200, b"<!doctype html><html><body>Please log in</body></html>", {"Content-Type": "text/html"})
ANSWERS = {
    "another region by its code": ("s3", _xml(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), [
        "lies in the region eu-west-1", "AWS_REGION=eu-west-1"]),
    "another region by redirect": ("s3", Answer(301, b"", {"x-amz-bucket-region": "eu-west-1"}), [
        "lies in the region eu-west-1", "AWS_REGION=eu-west-1"]),
    "another region by a mute redirect": ("s3", Answer(301), ["lies in another region", "AWS_REGION"]),
    "clock": ("s3", _xml(403, "RequestTimeTooSkewed"), ["clock is off", "set the clock"]),
    "expired token": ("s3", _xml(400, "ExpiredToken"), ["credentials have expired", "log in again"]),
    "expired signature": ("az", _xml(403, "AuthenticationFailed", "<Message>Signature is expired</Message>"), [
        "does not accept the credentials (403 AuthenticationFailed)"]),
    "role missing": ("az", _xml(403, "AuthorizationPermissionMismatch"), ["access denied", "Storage Blob Data"]),
    "permission missing": ("gs", _xml(403, "AccessDenied"), ["access denied", "storage.objects."]),
    "unknown refusal": ("gs", _xml(400, "Curious"), ["refused (400 Curious): The words of Curious"]),
    "lease": ("az", _xml(409, "LeaseIdMissing"), ["refused (409 LeaseIdMissing)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("method", ["create", "upload big", "list"])
def test_a_refusal_is_put_into_words(name: str, method: str, folder: Path, nobody: None) -> None:
    scheme, answer, words = ANSWERS[name]
    with serve(lambda _: answer) as endpoint:
        line = refusal(url_at(scheme, endpoint), folder, method)
    assert all(word in line for word in words), line


OVERLOADED = {
    429: "asks to slow down (429 SlowDown)",
    500: "failed (500 InternalError)",
    503: "slow down (503 SlowDown)",
}


@pytest.mark.parametrize("scheme", ["s3", "az", "gs"])
@pytest.mark.parametrize("status", OVERLOADED)
@pytest.mark.parametrize("method", ["get", "create", "list"])
def test_a_storage_that_keeps_failing_is_asked_again_and_not_for_ever(
    scheme: str, status: int, method: str, folder: Path, nobody: None
) -> None:
    asked = []

    def answer(request: Request) -> Answer:
        asked.append(request.method)
        return _xml(status, "InternalError" if status == 500 else "SlowDown")

    with serve(answer) as endpoint:
        line = refusal(url_at(scheme, endpoint), folder, method)
    assert OVERLOADED[status] in line
    assert "also after trying again" in line
    assert 3 <= len(asked) <= 13


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_write_that_keeps_conflicting_is_given_up(scheme: str, folder: Path, nobody: None) -> None:
    with serve(lambda _: _xml(409, "ConditionalRequestConflict")) as endpoint:
        assert "others keep writing the same object" in refusal(url_at(scheme, endpoint), folder, "create")


def test_a_write_that_conflicts_for_a_moment_is_done(folder: Path, nobody: None) -> None:
    answers = [_xml(409, "ConditionalRequestConflict"), Answer(200, b"", {"ETag": '"1"'})]
    with serve(lambda _: answers.pop(0)) as endpoint:
        store = ObjectStore(parse_address(url_at("s3", endpoint)), patience=QUICK)
        assert store.create("a", b"x")
    assert answers == []


@pytest.mark.parametrize("scheme", ["s3", "az", "gs"])
@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"delete"}))
def test_a_web_page_is_no_storage(scheme: str, method: str, folder: Path, nobody: None) -> None:
    """A login page in between answers everything with 200: it must not look like an object or an empty listing."""
    with serve(lambda _: HTML) as endpoint:
        assert "what answers is not" in refusal(url_at(scheme, endpoint), folder, method)


@pytest.mark.parametrize("scheme", ["s3", "az", "gs"])
def test_a_page_that_says_not_found_is_no_missing_object(scheme: str, folder: Path, nobody: None) -> None:
    page = Answer(404, b"<html><body>no such page</body></html>", {"Content-Type": "text/html"})
    with serve(lambda _: page) as endpoint:
        assert "what answers is not" in refusal(url_at(scheme, endpoint), folder)


@pytest.mark.parametrize("method", ["get", "create", "upload big", "list"])
def test_a_closed_port_is_unreachable(method: str, folder: Path, nobody: None) -> None:
    (port,) = free_ports(1)
    line = refusal(url_at("s3", f"http://127.0.0.1:{port}"), folder, method)
    assert "cannot be reached: the connection was refused" in line


def test_a_name_that_nobody_has_is_unreachable(folder: Path, nobody: None) -> None:
    assert "its name cannot be resolved" in refusal(url_at("s3", "http://no-such-host.invalid"), folder)


def test_a_port_without_tls_is_said_to_be_one(folder: Path, nobody: None) -> None:
    with serve(lambda _: HTML) as endpoint:
        assert "does not speak TLS" in refusal(url_at("s3", endpoint.replace("http", "https")), folder)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(folder: Path, nobody: None) -> None:
    try:
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=127.0.0.1", "-addext",
                "subjectAltName=IP:127.0.0.1",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        missing("openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    with serve(lambda _: HTML, context) as endpoint:
        assert "its certificate is not trusted" in refusal(url_at("s3", endpoint), folder)


def test_a_storage_that_hangs_up_is_unreachable(folder: Path, nobody: None) -> None:
    with serve(lambda _: None) as endpoint:
        assert "it broke the connection off" in refusal(url_at("s3", endpoint), folder)
