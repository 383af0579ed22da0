"""The client of registries: who is let in, what is sent, and what happens when it breaks off."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError, MlopsError, RemoteError, UsageError
from mlops_ci.packaging import oci
from mlops_ci.packaging.credentials import PASSWORD, USER, Credentials
from mlops_ci.packaging.oci import Document
from mlops_ci.packaging.publishing import Attachment, attach
from mlops_ci.packaging.reference import ImageReference
from mlops_ci.packaging.registry import Registry, referrers_tag
from mlops_ci.records.digest import digest_of_bytes
from tests.images import fake_registry as fake
from tests.images.fake_registry import FakeRegistry, fake_registry

DATA = b"a layer"
DIGEST = digest_of_bytes(DATA)


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    with fake_registry(**getattr(request, "param", {})) as state:
        yield state


def client(state: FakeRegistry, folder: Path, **environ: str) -> Registry:
    pauses: list[float] = []
    return Registry(
        state.address, Credentials({"DOCKER_CONFIG": str(folder), **environ}, state.address), sleep=pauses.append
    )  # fmt: skip


def given(folder: Path, **config: object) -> None:
    (folder / "config.json").write_text(json.dumps(config))


VARIABLES = {USER: fake.USER, PASSWORD: fake.PASSWORD}
bearer = pytest.mark.parametrize("running", [{"scheme": "bearer"}], indirect=True)
both = pytest.mark.parametrize("running", [{"scheme": "bearer"}, {"scheme": "basic"}], indirect=True)


@both
def test_variables_let_us_in(running: FakeRegistry, tmp_path: Path) -> None:
    registry = client(running, tmp_path, **VARIABLES)
    registry.upload("acme/model", DIGEST, DATA)
    assert registry.blob("acme/model", DIGEST) == DATA


@both
def test_what_docker_login_left_lets_us_in(running: FakeRegistry, tmp_path: Path) -> None:
    secret = base64.b64encode(f"{fake.USER}:{fake.PASSWORD}".encode()).decode()
    given(tmp_path, auths={running.address: {"auth": secret}})
    client(running, tmp_path).upload("acme/model", DIGEST, DATA)
    assert running.blobs["acme/model"] == {DIGEST: DATA}


@bearer
def test_an_identity_token_lets_us_in(running: FakeRegistry, tmp_path: Path) -> None:
    given(tmp_path, auths={running.address: {"identitytoken": fake.TOKEN}})
    client(running, tmp_path).upload("acme/model", DIGEST, DATA)
    assert running.blobs["acme/model"] == {DIGEST: DATA}


@both
def test_a_credential_helper_is_asked_on_its_standard_input(running: FakeRegistry, tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-vault"
    answer = json.dumps({"Username": fake.USER, "Secret": fake.PASSWORD})
    helper.write_text(f'#!/bin/sh\n[ "$*" = get ] && [ "$(cat)" = {running.address} ] && echo \'{answer}\'\n')
    helper.chmod(0o755)
    given(tmp_path, credHelpers={running.address: "vault"})
    registry = client(running, tmp_path, PATH=f"{tmp_path}:/bin:/usr/bin")
    registry.upload("acme/model", DIGEST, DATA)
    assert running.blobs["acme/model"] == {DIGEST: DATA}


@both
def test_without_a_credential_the_error_says_where_to_put_one(running: FakeRegistry, tmp_path: Path) -> None:
    with pytest.raises(RemoteError) as caught:
        client(running, tmp_path).upload("acme/model", DIGEST, DATA)
    assert caught.value.exit_code == 3
    expected = f"set MLOPS_CI_REGISTRY_USER and MLOPS_CI_REGISTRY_PASSWORD, or docker login {running.address}"
    assert expected in caught.value.line()


@both
def test_a_wrong_password_is_shown_nowhere(running: FakeRegistry, tmp_path: Path) -> None:
    with pytest.raises(MlopsError) as caught:
        client(running, tmp_path, **{USER: fake.USER, PASSWORD: "hunter2-hunter2"}).upload("acme/model", DIGEST, DATA)
    assert caught.value.exit_code == 3
    assert "hunter2" not in caught.value.line()
    assert base64.b64encode(b"ci:hunter2-hunter2").decode() not in caught.value.line()


@pytest.mark.parametrize("running", [{"may_push": False}], indirect=True)
def test_an_account_that_must_not_push_is_told_so(running: FakeRegistry, tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match="does not let us write: requested access to the") as caught:
        client(running, tmp_path).upload("acme/model", DIGEST, DATA)
    assert "the right to push" in caught.value.line()


@bearer
def test_everybody_may_read_where_the_registry_says_so(running: FakeRegistry, tmp_path: Path) -> None:
    running.blobs["library/python"] = {DIGEST: DATA}
    assert client(running, tmp_path).blob("library/python", DIGEST) == DATA


@bearer
def test_a_blob_of_another_repository_is_mounted_with_the_right_to_read_there(
    running: FakeRegistry, tmp_path: Path
) -> None:
    running.blobs["library/python"] = {DIGEST: DATA}
    assert client(running, tmp_path, **VARIABLES).mount("acme/model", DIGEST, "library/python")
    assert running.blobs["acme/model"] == {DIGEST: DATA}
    (scopes,) = running.granted
    assert {"repository:acme/model:pull,push", "repository:library/python:pull"} <= set(scopes)
    assert not client(running, tmp_path, **VARIABLES).mount("acme/model", digest_of_bytes(b"?"), "library/python")


def test_an_upload_that_breaks_off_is_begun_anew(running: FakeRegistry, tmp_path: Path) -> None:
    running.break_uploads = 2
    file = tmp_path / "layer"
    file.write_bytes(DATA)
    client(running, tmp_path).upload("acme/model", DIGEST, file)
    assert running.blobs["acme/model"] == {DIGEST: DATA}
    assert len([path for method, path in running.requests if method == "POST"]) == 3


def test_a_registry_that_keeps_breaking_off_has_nothing(running: FakeRegistry, tmp_path: Path) -> None:
    running.break_uploads = 100
    with pytest.raises(RemoteError) as caught:
        client(running, tmp_path).upload("acme/model", DIGEST, DATA)
    assert caught.value.exit_code == 3
    assert running.blobs["acme/model"] == {}


def test_a_layer_that_was_damaged_on_our_disk_is_not_sent(running: FakeRegistry, tmp_path: Path) -> None:
    file = tmp_path / "layer"
    file.write_bytes(b"b layer")
    with pytest.raises(IntegrityError, match="a layer in the cache is damaged"):
        client(running, tmp_path).upload("acme/model", DIGEST, file)
    assert running.requests == []


def test_bytes_that_are_not_what_the_digest_says_are_refused(running: FakeRegistry, tmp_path: Path) -> None:
    running.blobs["acme/model"] = {DIGEST: b"other"}
    running.manifests["acme/model"] = {DIGEST: b'{"mediaType": "application/vnd.oci.image.manifest.v1+json"}'}
    registry = client(running, tmp_path)
    for ask in (
        lambda: registry.blob("acme/model", DIGEST),
        lambda: registry.manifest("acme/model", DIGEST),
        lambda: registry.download("acme/model", DIGEST, tmp_path / "target"),
    ):
        with pytest.raises(IntegrityError, match="other bytes than the digest says"):
            ask()
    assert not (tmp_path / "target").exists()


def test_a_registry_that_is_down_is_told(tmp_path: Path) -> None:
    with fake_registry() as state:
        pass
    with pytest.raises(RemoteError, match="refuses connections") as caught:
        client(state, tmp_path).has_blob("acme/model", DIGEST)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("running", [{"referrers": True}, {"referrers": False}], indirect=True)
def test_attachments_are_found_whether_or_not_the_registry_keeps_account(running: FakeRegistry, tmp_path: Path) -> None:
    registry = client(running, tmp_path)
    registry.upload("acme/model", digest_of_bytes(b"{}"), b"{}")
    config = Document(oci.CONFIG, b"{}").descriptor
    image = oci.manifest(config, (), {})
    registry.put("acme/model", image.digest, image)
    target = ImageReference(running.address, "acme/model")
    bill, origin = Attachment("application/vnd.cyclonedx+json", b"1", "a"), Attachment("text/plain", b"2", "b")
    attach([bill], image.descriptor, target, registry)
    attach([bill, origin], image.descriptor, target, registry)
    attach([bill, origin], image.descriptor, target, registry)
    found = registry.attached("acme/model", image.digest)
    assert sorted(each.artifact_type or "" for each in found) == [bill.kind, origin.kind]
    assert (referrers_tag(image.digest) in running.manifests["acme/model"]) is not running.referrers


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("{", "Docker's configuration cannot be read"),
        ('{"auths": {"REGISTRY": {"auth": "not base64"}}}', "a bad credential"),
        ('{"credHelpers": {"REGISTRY": "../evil"}}', "not the name of a credential helper"),
        ('{"credsStore": "absent-here"}', "docker-credential-absent-here, which Docker's configuration names, is not"),
    ],
)
@pytest.mark.parametrize("running", [{"scheme": "basic"}], indirect=True)
def test_a_configuration_of_docker_that_is_broken_is_told(
    running: FakeRegistry, tmp_path: Path, config: str, expected: str
) -> None:
    (tmp_path / "config.json").write_text(config.replace("REGISTRY", running.address))
    with pytest.raises(UsageError, match=expected):
        client(running, tmp_path, PATH=str(tmp_path)).has_blob("acme/model", DIGEST)


@pytest.mark.parametrize("running", [{"scheme": "basic"}], indirect=True)
def test_what_a_failing_helper_says_is_not_repeated(running: FakeRegistry, tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-leaky"
    helper.write_text("#!/bin/sh\necho the-secret; echo the-secret >&2; exit 3\n")
    helper.chmod(0o755)
    given(tmp_path, credsStore="leaky")
    with pytest.raises(RemoteError, match="failed with exit code 3") as caught:
        client(running, tmp_path, PATH=f"{tmp_path}:/bin").has_blob("acme/model", DIGEST)
    assert "the-secret" not in caught.value.line()


def test_variables_are_for_the_registry_that_is_pushed_to_alone(tmp_path: Path) -> None:
    credentials = Credentials({**VARIABLES, "DOCKER_CONFIG": str(tmp_path)}, "ghcr.io")
    found = credentials.find("ghcr.io")
    assert found and found.user == fake.USER and fake.PASSWORD not in repr(found)
    assert credentials.find("docker.io") is None
    with pytest.raises(UsageError, match="without the other"):
        Credentials({USER: "ci"}, "ghcr.io").find("ghcr.io")
