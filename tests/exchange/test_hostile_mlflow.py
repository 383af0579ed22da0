"""What a real MLflow cannot be made to do: failures, lies, and names that lead elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_ci.exchange import files as exchange_files
from mlops_ci.exchange.foreign import GoneError
from mlops_ci.exchange.mlflow_api import MlflowApi
from mlops_ci.exchange.mlflow_rest import MlflowServer
from tests.exchange.conftest import Cli, versions
from tests.parts.loopback import Request
from tests.support.loopback import Loopback, Reply, of_json, serving
from tests.workspace.memory import MemoryStore

API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
MISSING = of_json({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}, 404)


@dataclasses.dataclass
class Fake:
    """A server with one model, ``m``, of two versions; a test changes what it says."""

    uri: str = "mlflow-artifacts:/1/r/artifacts/model"
    listing: list[dict[str, object]] = dataclasses.field(
        default_factory=lambda: [{"path": "m.bin", "is_dir": False, "file_size": 3}]
    )
    content: bytes = b"abc"
    instead: Callable[[Request], Reply | None] = lambda _: None

    def __call__(self, request: Request) -> Reply:
        if answer := self.instead(request):
            return answer
        path = request.path.removeprefix(API)
        if path == "registered-models/search":
            return of_json({"registered_models": [{"name": "m"}]})
        if path == "registered-models/get":
            model = {"name": "m", "creation_timestamp": 1, "aliases": [{"alias": "champion", "version": "2"}]}
            return of_json({"registered_model": model})
        if path == "model-versions/search":
            version = {"name": "m", "status": "READY", "creation_timestamp": 1, "source": self.uri}
            second = {"model_versions": [{**version, "version": "2"}], "next_page_token": "more"}
            first = {"model_versions": [{**version, "version": "1"}, {**version, "version": "3", "status": "PENDING"}]}
            return of_json(first if request.query.get("page_token") == "more" else second)
        if path == "model-versions/get-download-uri":
            return of_json({"artifact_uri": self.uri})
        if request.path == ARTIFACTS:
            # Only the model's own folder has anything in it.
            return of_json({"files": self.listing if request.query["path"].endswith("/model") else []})
        return Reply(body=self.content) if request.path.startswith(ARTIFACTS) else MISSING


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def server(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    # Retries have their own tests; here they would only wait.
    monkeypatch.setattr("mlops_ci.edge.http_retries.ATTEMPTS", 1)
    with serving(fake) as found:
        yield found


def test_pages_are_read_to_the_end_and_unready_versions_named(cli: Cli, server: Loopback) -> None:
    done = cli("models", "import", "mlflow", server.url)
    assert done.out.splitlines() == [
        "m: version 1 imported as v1",
        "m: version 2 imported as v2",
        "m: alias champion is now v2",
        "m: version 3 is PENDING",
    ]


def test_a_list_without_end_ends(cli: Cli, fake: Fake, server: Loopback) -> None:
    fake.instead = lambda request: (
        of_json({"registered_models": [], "next_page_token": "same"}) if request.path.endswith("s/search") else None
    )
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, "repeats a page without end" in done.err) == (3, True)


@pytest.mark.parametrize(
    "name",
    ["../evil", "..", ".", "", "/etc/passwd", "a/b", "a\\..\\b", "line\nbreak", "\x00", "../../ws/workspace.json"],
)
@pytest.mark.parametrize("is_dir", [False, True])
def test_a_name_that_leads_out_of_its_folder_is_refused(
    cli: Cli, fake: Fake, server: Loopback, name: str, is_dir: bool, tmp_path: Path
) -> None:
    fake.listing = [{"path": name, "is_dir": is_dir, "file_size": 3}]
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, "leads out of its folder" in done.err) == (5, True), done.err
    assert not list(tmp_path.rglob("*evil*"))


def test_folders_without_end_are_refused(cli: Cli, fake: Fake, server: Loopback) -> None:
    fake.instead = lambda request: (
        of_json({"files": [{"path": "d", "is_dir": True}]}) if request.path == ARTIFACTS else None
    )
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, "a model of that many files is none" in done.err) == (5, True)


def test_a_file_shorter_than_the_server_says_is_refused(cli: Cli, fake: Fake, server: Loopback) -> None:
    fake.content = b"ab"
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, "sent 2 bytes of a file of 3" in done.err) == (5, True)
    assert cli("models", "list").out == "no versions\n"


def test_a_version_that_is_one_file(cli: Cli, fake: Fake, server: Loopback) -> None:
    fake.uri = "mlflow-artifacts:/1/r/artifacts/m.bin"
    assert cli("models", "import", "mlflow", server.url).code == 0
    assert [file["path"] for file in versions(cli, "m")[0]["files"]] == ["m.bin"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(500, b"<html>oops"), "the MLflow server answered 500"),
        (Reply(200, b"<html>Sign in"), "answered with HTML, not JSON"),
        (Reply(200, b"[]"), "something that is no record of MLflow"),
        (Reply(401), "check MLFLOW_TRACKING_TOKEN"),
        (Reply(403), "what it is allowed to do"),
        (Reply(404, b"<html>"), "check the address"),
        (Reply(302, headers={"Location": "https://login.example"}), "redirects to https://login.example"),
        (Reply(200, b"{", cut=0), "the connection to the MLflow server broke"),
    ],
)
@pytest.mark.parametrize("where", ["registered-models/search", "model-versions/search", "get-download-uri", ARTIFACTS])
def test_a_failure_ends_the_import_and_another_run_goes_on(
    cli: Cli, fake: Fake, server: Loopback, reply: Reply, said: str, where: str
) -> None:
    fake.instead = lambda request: reply if where in request.path else None
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, said in done.err) == (3, True), done.err
    assert len(done.err.splitlines()) == 1
    fake.instead = lambda _: None
    assert cli("models", "import", "mlflow", server.url).code == 0
    assert [version["tags"]["mlflow.version"] for version in versions(cli, "m")] == ["1", "2"]


@pytest.mark.parametrize(
    ("variables", "header"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "t0ken-value"}, "Bearer t0ken-value"),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "pass"}, "Basic YWRhOnBhc3M="),
        ({"MLFLOW_TRACKING_USERNAME": "ada"}, None),
    ],
)
def test_credentials_are_those_of_mlflows_client(
    cli: Cli, server: Loopback, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], header: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cli("models", "import", "mlflow", server.url).code == 0
    assert {request.headers.get("authorization") for request in server.requests} == {header}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("mlflow-artifacts://other.example/1/r", "its files are served by other.example, another server"),
        ("https://other.example/api/2.0/mlflow-artifacts/artifacts/1/r", "served by other.example"),
        ("dbfs:/model", "its files are at dbfs:, which cannot be read from here"),
        ("odd:/../etc/passwd", "its files are at odd:, which cannot be read from here"),
        ("nonsense://bucket/model", "its files are at nonsense:, which cannot be read from here"),
        ("runs:/gone/model", "its run gone is gone"),
        ("models:/m-0", "its logged model m-0 is gone"),
        ("models:/m/1", "leads in a circle"),
        ("/no/such/folder", "its files are gone"),
        ("", "the server does not say where its files are"),
    ],
)  # fmt: skip
def test_files_that_are_out_of_reach_are_told(cli: Cli, fake: Fake, server: Loopback, uri: str, reason: str) -> None:
    fake.uri = uri
    done = cli("models", "import", "mlflow", server.url)
    assert done.code == 3
    assert [reason in line for line in done.out.splitlines()[:2]] == [True, True], done.out + done.err
    assert "2 versions were skipped" in done.err


def test_a_server_elsewhere_cannot_name_files_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("mine")
    api = MlflowApi("https://mlflow.example", {})
    answers = {
        "registered-models/get": {"registered_model": {"name": "m"}},
        "model-versions/search": {"model_versions": [{"version": "1"}]},
        "model-versions/get-download-uri": {"artifact_uri": str(tmp_path / "secret")},
    }
    monkeypatch.setattr(api.http, "json", lambda _, path, **__: answers[path.removeprefix(API[1:])])
    model = MlflowServer(api).read("m")
    assert model
    with pytest.raises(GoneError, match="on the server's own disk"):
        model.versions[0].fetch(tmp_path)


def test_files_in_an_object_store_are_read_there(tmp_path: Path) -> None:
    store = MemoryStore()
    store.create("MLmodel", b"flavors: {}")
    store.create("data/weights.bin", b"w")
    exchange_files.copy_from_store("s3://bucket/model", tmp_path, open_at=lambda *_: store)
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"MLmodel": b"flavors: {}", "data/weights.bin": b"w"}
    with pytest.raises(GoneError, match="its files are gone"):
        exchange_files.copy_from_store("s3://bucket/none", tmp_path, open_at=lambda *_: MemoryStore())


def test_a_link_out_of_a_stores_artifacts_is_refused(cli: Cli, fake: Fake, server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "artifacts/m.bin").symlink_to(tmp_path / "secret")
    fake.uri = (tmp_path / "artifacts").as_uri()
    done = cli("models", "import", "mlflow", server.url)
    assert (done.code, "is a link out of its folder" in done.err) == (5, True)
