"""What can be wrong with a remote workspace: the exit code, one line, no secret, and nothing is changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_ci.__main__ import run
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.backends import PARAMETERS
from tests.parts.bucket import Bucket
from tests.parts.gcs import Google
from tests.parts.git_http import Repository, git_host
from tests.parts.loopback import Answer, serve
from tests.parts.ports import free_ports
from tests.support.lab import Lab

READS = [("workspace", "info"), ("workspace", "check"), ("models", "list"), ("models", "show", "coin@champion")]
WRITES = [("workspace", "init"), ("register", "--model", "coin", "--file", "README.md"), ("ci",)]
SECRETS = {
    "s3": {"AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see"},
    "azure": {"AZURE_STORAGE_ACCOUNT_KEY": "bm9ib2R5LW1heS1zZWU="},
    "gcs": {"GOOGLE_BEARER_TOKEN": "a-token-that-nobody-may-see"},
}
Fail = Callable[..., None]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, no_cloud: None) -> None:
    quick = Patience(total=0.2, first=0.01, longest=0.05, connect=0.5)
    monkeypatch.setattr("mlops_ci.workspace.objects.store.Patience", lambda: quick)


@pytest.fixture
def require_error(lab: Lab, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Run commands in a project with this workspace, each of which must end in this code and one line."""

    def require_error(url: str, code: int, *words: str, commands: list[tuple[str, ...]] = READS + WRITES) -> None:
        project = (lab.folder / "mlops.yaml").read_text()
        if url not in project:
            lab.write("mlops.yaml", f'{project}workspace: "{url}"\n')
            lab.commit("keep the workspace there")
        monkeypatch.chdir(lab.folder)
        for command in commands:
            capfd.readouterr()
            host = ["--host", "local"] if command[0] == "ci" else []
            assert run([*command, *host]) == code, f"{command}: {capfd.readouterr()}"
            (line,) = capfd.readouterr().err.splitlines()
            assert line.startswith(f"mlops-ci: error[{code}]: "), command
            assert all(word in line for word in words), f"{command}: {line}"
            assert not any(value in line for values in SECRETS.values() for value in values.values())
            assert "Traceback" not in line

    return require_error


def _contents(store: Store) -> dict[str, bytes | None]:
    return {item.key: store.get(item.key) for item in store.list("")}


@pytest.fixture(params=[PARAMETERS[name] for name in ("azure", "gcs", "s3")])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bucket(name: str, request: pytest.FixtureRequest) -> Bucket:
    found = request.getfixturevalue(name)
    assert isinstance(found, Bucket)
    return found


@pytest.fixture
def url(bucket: Bucket) -> str:
    return bucket.url(f"tests/{uuid.uuid4().hex}")


def test_a_bucket_that_does_not_exist(bucket: Bucket, require_error: Fail) -> None:
    require_error(bucket.url("team", bucket="no-such-bucket"), 3, "no-such-bucket does not exist", "create it")


def test_credentials_that_are_wrong(
    bucket: Bucket, url: str, name: str, require_error: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url, Path.cwd())
    initialise(store)
    before = _contents(store)
    for variable, value in SECRETS[name].items():
        monkeypatch.setenv(variable, value)
    require_error(url, 3, "does not accept the credentials")
    assert _contents(store) == before


def test_nobody_at_the_endpoint(bucket: Bucket, require_error: Fail) -> None:
    (port,) = free_ports(1)
    down = bucket.endpoint.replace(bucket.endpoint.split("/")[2], f"127.0.0.1:{port}")
    require_error(bucket.url("team", endpoint=down), 3, "the connection was refused")


@pytest.fixture
def plain() -> Iterator[str]:
    with serve(lambda _: Answer(200)) as endpoint:
        yield endpoint


def test_a_port_that_does_not_speak_tls(bucket: Bucket, plain: str, require_error: Fail) -> None:
    require_error(bucket.url("team", endpoint=plain.replace("http:", "https:")), 3, "does not speak TLS")


def test_a_storage_that_lets_a_key_be_created_twice(google_server: Google, require_error: Fail) -> None:
    google_server.overwrites = True
    url = google_server.bucket.url(uuid.uuid4().hex)
    require_error(url, 3, "does not keep a key from being created twice", commands=WRITES)
    require_error(url, 2, "there is no workspace here", commands=READS)
    assert _contents(open_store(url, Path.cwd())) == {}


def test_a_workspace_of_a_newer_program(bucket: Bucket, url: str, require_error: Fail) -> None:
    store = open_store(url, Path.cwd())
    store.create("workspace.json", json.dumps({"format": 9, "id": "x", "features": []}).encode())
    before = _contents(store)
    require_error(url, 5, "newer mlops-ci (format 9)", "upgrade")
    assert _contents(store) == before


def test_a_place_that_holds_other_things(bucket: Bucket, url: str, require_error: Fail) -> None:
    store = open_store(url, Path.cwd())
    store.create("photos/cat.jpg", b"meow")
    require_error(url, 2, "holds other things than a workspace", commands=WRITES)
    require_error(url, 2, "there is no workspace here", commands=READS)
    assert _contents(store) == {"photos/cat.jpg": b"meow"}


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    return git_host().repository()


@pytest.mark.parametrize("has_workspace", [False, True], ids=["new", "old"])
@pytest.mark.xdist_group("git")
def test_a_remote_that_rejects_pushes(remote: Repository, require_error: Fail, has_workspace: bool) -> None:
    url = f"git+{remote.url}"
    if has_workspace:
        initialise(open_store(url, Path.cwd()))
    refs = remote.git("for-each-ref")
    remote.hook('echo "error: GH006: Protected branch update failed" >&2; exit 1')
    writes = [command for command in WRITES if not has_workspace or command != ("workspace", "init")]
    require_error(url, 3, "GH006", "branch protection", commands=writes)
    assert remote.git("for-each-ref") == refs


@pytest.mark.xdist_group("git")
def test_a_remote_that_does_not_let_us_in(remote: Repository, require_error: Fail) -> None:
    remote.credentials = ("bot", "a-secret-that-nobody-may-see")
    require_error(f"git+{remote.url}", 3, "does not let us in")
    assert remote.refs() == []
