"""Who we are to a storage: the chains of each cloud, against stand-ins of what hands credentials out."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_ci.errors import MissingExtraError, RemoteError
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.open import open_store
from tests.parts.bucket import Bucket
from tests.parts.gcs import Google
from tests.parts.loopback import Answer, Handle, Request, serve
from tests.parts.ports import free_ports

FOUND = Answer(200, b"there", {"ETag": '"1"', "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"})


def nothing_listens() -> str:
    (port,) = free_ports(1)
    return f"127.0.0.1:{port}"


def _remembering(seen: list[str], header: str, answer: Answer) -> Handle:
    def handle(request: Request) -> Answer:
        seen.append(request.headers[header])
        return answer

    return handle


@pytest.fixture
def no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """No instance metadata service, and no command line of a cloud."""
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://{nothing_listens()}")
    monkeypatch.setenv("GCE_METADATA_HOST", nothing_listens())
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize(("url", "variable"), [
    ("s3://models", "AWS_ACCESS_KEY_ID"), ("gs://models", "GOOGLE_APPLICATION_CREDENTIALS"),
    ("az://models?account=acme", "AZURE_STORAGE_ACCOUNT_KEY"),
])  # fmt: skip
def test_without_credentials_the_variables_to_set_are_named(
    url: str, variable: str, tmp_path: Path, no_metadata: None
) -> None:
    for method in ("get", "delete"):
        with pytest.raises(RemoteError, match="no credentials") as caught:
            getattr(open_store(url, tmp_path), method)("a")
        assert variable in str(caught.value.hint)


def test_a_disabled_metadata_service_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()
    with serve(_remembering(asked, "host", Answer(200))) as endpoint:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", endpoint)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(RemoteError, match="no credentials"):
            open_store("s3://models", tmp_path).get("a")
    assert asked == []


class Issuer:
    """Hands out temporary credentials, each of a name of its own, and remembers whom it has served."""

    def __init__(self, lifetime: timedelta) -> None:
        self.issued = 0
        self._lifetime = lifetime

    def metadata(self, request: Request) -> Answer:
        if request.path.endswith("/api/token"):
            return Answer(200, b"session")
        if request.path.endswith("/security-credentials/"):
            return Answer(200, b"role")
        return self._issue()

    def container(self, request: Request) -> Answer:
        assert request.headers["authorization"] == "the-token-of-the-pod"
        return self._issue()

    def _issue(self) -> Answer:
        self.issued += 1
        end = datetime.now(UTC) + self._lifetime
        made = {"AccessKeyId": f"AKID{self.issued}", "SecretAccessKey": "s", "Token": "t"}
        return Answer(200, json.dumps(made | {"Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}).encode())


def _users(url: str, tmp_path: Path, seen: list[str], times: int) -> list[str]:
    store = open_store(url, tmp_path)
    for _ in range(times):
        assert store.get("a") == b"there"
    return [line.partition("Credential=")[2].partition("/")[0] for line in seen]


@pytest.mark.parametrize(("lifetime", "users"), [(60, ["AKID1", "AKID1"]), (0, ["AKID1", "AKID2"])])
@pytest.mark.parametrize("chain", ["instance", "container"])
def test_temporary_credentials_are_used_and_renewed_before_they_expire(
    chain: str, lifetime: int, users: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, seen = Issuer(timedelta(minutes=lifetime)), list[str]()

    with (
        serve(issuer.metadata if chain == "instance" else issuer.container) as source,
        serve(_remembering(seen, "authorization", FOUND)) as endpoint,
    ):
        if chain == "instance":
            monkeypatch.setenv("AWS_METADATA_ENDPOINT", source)
        else:
            (tmp_path / "token").write_text("the-token-of-the-pod")
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{source}/credentials")
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        assert _users(f"s3://models?endpoint={endpoint}", tmp_path, seen, times=2) == users


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    (tmp_path / "credentials").write_text("[ci]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return "ci"


def test_a_profile_is_read_by_boto3(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_PROFILE", profile)
    seen = list[str]()
    with serve(_remembering(seen, "authorization", FOUND)) as endpoint:
        assert _users(f"s3://models?endpoint={endpoint}", tmp_path, seen, times=1) == ["AKIDPROFILE"]


def test_a_profile_that_nobody_wrote_is_an_error(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_PROFILE", "another")
    with pytest.raises(RemoteError, match="the AWS profile gives no credentials"):
        open_store("s3://models", tmp_path).get("a")


def test_a_profile_without_boto3_names_the_extra(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtraError) as caught:
        open_store("s3://models", tmp_path).get("a")
    assert "mlops-ci[aws]" in str(caught.value.hint)


def _workload_identity(folder: Path, source: str) -> Path:
    (folder / "token").write_text("the-token-of-the-job")
    file = folder / "workload.json"
    file.write_text(json.dumps({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{source}/v1/token",
        "credential_source": {"file": str(folder / "token")},
    }))  # fmt: skip
    return file


def test_a_workload_identity_of_google_is_exchanged(
    google_server: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("google.auth")
    bucket: Bucket = google_server.bucket
    monkeypatch.delenv("GOOGLE_BEARER_TOKEN")

    def exchange(request: Request) -> Answer:
        assert b"the-token-of-the-job" in request.body
        token = bucket.environ["GOOGLE_BEARER_TOKEN"]
        reply = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "issued_token_type": "x"}
        return Answer(200, json.dumps(reply).encode(), {"Content-Type": "application/json"})

    with serve(exchange) as source:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_workload_identity(tmp_path, source)))
        store = open_store(bucket.url("team"), tmp_path)
        assert store.create("a", b"x")
        assert store.get("a") == b"x"


def test_a_workload_identity_that_is_refused_is_an_error_of_one_line(
    google_server: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("google.auth")
    monkeypatch.delenv("GOOGLE_BEARER_TOKEN")
    with serve(lambda _: Answer(403, b'{"error": "unauthorized_client"}')) as source:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_workload_identity(tmp_path, source)))
        with pytest.raises(RemoteError) as caught:
            open_store(google_server.bucket.url("team"), tmp_path).get("a")
    assert "no credentials could be obtained" in caught.value.what


def test_a_workload_identity_without_google_auth_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_workload_identity(tmp_path, "https://sts.example.org")))
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(MissingExtraError) as caught:
        open_store("gs://models", tmp_path).get("a")
    assert "mlops-ci[google]" in str(caught.value.hint)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_google_credentials_that_cannot_be_read_are_an_error(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "key.json").write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(RemoteError, match="Google credentials") as caught:
        open_store("gs://models", tmp_path).get("a")
    assert caught.value.where == str(tmp_path / "key.json")


def _azure_user(tmp_path: Path) -> str:
    """The token that a request to Azure carries."""
    seen = list[str]()
    with serve(_remembering(seen, "authorization", FOUND)) as endpoint:
        assert open_store(f"az://models?account=acme&endpoint={endpoint}", tmp_path).get("a") == b"there"
    return seen[0]


def test_the_login_of_the_azure_command_line_is_used_where_nothing_else_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = datetime.now() + timedelta(hours=1)
    reply = {"accessToken": "from-az", "expiresOn": f"{end:%Y-%m-%d %H:%M:%S.%f}", "expires_on": int(end.timestamp()),
             "subscription": "s", "tenant": "t", "tokenType": "Bearer"}  # fmt: skip
    program = tmp_path / "az"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(reply)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert _azure_user(tmp_path) == "Bearer from-az"


def test_the_federated_token_of_a_job_is_exchanged_at_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exchange(request: Request) -> Answer:
        assert b"the-token-of-the-job" in request.body
        return Answer(200, json.dumps({"access_token": "exchanged", "expires_in": 3600}).encode())

    (tmp_path / "token").write_text("the-token-of-the-job")
    with serve(exchange) as authority:
        for name, value in {
            "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"), "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t",
            "AZURE_AUTHORITY_HOST": authority,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        assert _azure_user(tmp_path) == "Bearer exchanged"


@pytest.mark.parametrize("answer", [Answer(400, b'{"error": "invalid_client"}'), Answer(500), Answer(200, b"<html>")])
@pytest.mark.parametrize("cloud", ["s3", "az"])
def test_who_hands_out_credentials_and_fails_is_not_taken_for_the_storage(
    cloud: str, answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("the-token-of-the-job")
    monkeypatch.setattr("mlops_ci.workspace.objects.store.Patience", lambda: Patience(total=0.3, first=0.01))
    with serve(lambda _: answer) as source:
        for name, value in {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{source}/v2/credentials/a",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
            "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"), "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t",
            "AZURE_AUTHORITY_HOST": source, "AZURE_STORAGE_ACCOUNT_NAME": "acme",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        with pytest.raises(RemoteError, match="no credentials could be obtained"):
            open_store(f"{cloud}://models?endpoint={source}", tmp_path).get("a")
