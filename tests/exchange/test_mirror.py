"""Mirror an alias to a real MLflow server, also through a connection that fails at every place."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.edge.clock import now
from mlops_ci.errors import MlopsError
from mlops_ci.exchange.mlflow_api import MlflowApi
from mlops_ci.exchange.mlflow_mirror import MlflowMirror
from mlops_ci.lifecycle.mirroring import Mirrored, mirror_alias
from mlops_ci.records.actor import Actor
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.references import parse_reference
from mlops_ci.workspace.local import LocalStore
from tests.exchange.conftest import Cli
from tests.parts.loopback import Request
from tests.parts.mlflow import Mlflow
from tests.support.loopback import DROP, Reply, serving

pytestmark = pytest.mark.xdist_group("mlflow")


def register(cli: Cli, model: str, content: str) -> None:
    folder = Path("bert")
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(content)
    (folder / "weights/0 ü.bin").write_text(content * 1000)
    (folder / "empty").touch()
    Path("m.json").write_text('{"auc": 0.9, "bad(name)": 1}')
    Path("p.json").write_text('{"depth": 3}')
    done = cli(
        "register",
        "--model",
        model,
        "--file",
        "bert",
        "--commit",
        "c" * 40,
        "--metrics",
        "m.json",
        "--params",
        "p.json",
    )
    assert done.code == 0, done.err


READ = """
import pathlib
version = client.get_model_version_by_alias(name, alias)
folder = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{name}@{alias}"))
run = client.get_run(version.run_id)
result = {
    "version": str(version.version), "tags": version.tags, "status": run.info.status,
    "commit": run.data.tags.get("mlflow.source.git.commit"), "metrics": run.data.metrics, "params": run.data.params,
    "files": {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*") if path.is_file() and path.name != "registered_model_meta"
    },
}
"""


def test_an_alias_there_means_the_same_files_as_here(cli: Cli, server: Mlflow) -> None:
    register(cli, "bert", "one")
    cli("promote", "bert@v1")
    done = cli("models", "mirror", "bert@champion", "--to", server.uri)
    assert (done.code, done.out) == (0, "models:/bert@champion is now version 1: bert v1\n"), done.err
    there = server.do(READ, name="bert", alias="champion")
    assert there.pop("tags") == {
        "mlops-ci.model": "bert",
        "mlops-ci.version": "1",
        "mlops-ci.commit": "c" * 40,
        "mlops-ci.digest": json.loads(cli("models", "show", "bert@v1", "--json").out)["digest"],
    }
    assert there == {
        "version": "1", "status": "FINISHED", "commit": "c" * 40,
        "metrics": {"auc": 0.9}, "params": {"depth": "3"},
        "files": {"bert/config.json": "one", "bert/weights/0 ü.bin": "one" * 1000, "bert/empty": ""},
    }  # fmt: skip


def test_the_mirror_follows_the_alias_and_knows_what_it_has(cli: Cli, server: Mlflow) -> None:
    for content in ("one", "two"):
        register(cli, "follows", content)
    said = []
    for promote in ("v1", "v2", "v1"):
        cli("promote", f"follows@{promote}", "--rollback")
        said.append(cli("models", "mirror", "follows@champion", "--to", server.uri, "--name", "Its Name").out)
    assert said == [
        "models:/Its Name@champion is now version 1: follows v1\n",
        "models:/Its Name@champion is now version 2: follows v2\n",
        "models:/Its Name@champion is now version 1: follows v1\n",
    ]
    # What is imported back is what it came from.
    done = cli("models", "import", "mlflow", server.uri, "--model", "Its Name", "--as", "follows")
    assert done.out.splitlines() == [
        "follows: version 1 known already as v1",
        "follows: version 2 known already as v2",
        "follows: alias champion is v1",
    ]


@pytest.mark.parametrize(
    ("reference", "said"),
    [("m@v1", "only an alias can be mirrored"), ("m@dotted.name", "MLflow takes no alias"), ("m@none", "no alias")],
)
def test_what_cannot_be_mirrored_is_said_before_anything_is_sent(cli: Cli, reference: str, said: str) -> None:
    register(cli, "m", "one")
    cli("promote", "m@v1", "--alias", "dotted.name")
    done = cli("models", "mirror", reference, "--to", "http://127.0.0.1:9")
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_file_that_mlflow_would_rename_is_refused(cli: Cli) -> None:
    Path("50%41.bin").write_text("x")
    cli("register", "--model", "m", "--file", "50%41.bin")
    cli("promote", "m@v1")
    done = cli("models", "mirror", "m@champion", "--to", "http://127.0.0.1:9")
    assert (done.code, "MLflow cannot keep a file called '50%41.bin'" in done.err) == (2, True)


def test_a_server_that_takes_no_artifacts_is_told(cli: Cli, server: Mlflow, tmp_path: Path) -> None:
    register(cli, "bare", "one")
    cli("promote", "bare@v1")
    # So all experiments are made by a server that runs with --no-serve-artifacts.
    server.do('client.create_experiment("mlops-ci/bare", artifact_location=place)', place=(tmp_path / "there").as_uri())
    done = cli("models", "mirror", "bare@champion", "--to", server.uri)
    assert (done.code, "start it with --serve-artifacts" in done.err) == (3, True), done.err


class Crashing:
    """Stands before the server; from the ``last``-th request on, it is dead, having carried that one out or not."""

    def __init__(self, server: Mlflow, last: int, *, carried_out: bool) -> None:
        self.seen = 0
        self._server, self._last, self._carried_out = server, last, carried_out
        self._one_at_a_time = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        with self._one_at_a_time:
            self.seen += 1
            if self.seen > self._last or (self.seen == self._last and not self._carried_out):
                return DROP
            reply = self._forward(request)
            return DROP if self.seen == self._last else reply

    def _forward(self, request: Request) -> Reply:
        connection = http.client.HTTPConnection(self._server.uri.removeprefix("http://"))
        try:
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            connection.request(request.method, request.target, request.body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), {"Content-Type": answer.headers["Content-Type"] or ""})
        finally:
            connection.close()


def through(
    log: ModelLog, name: str, answer: Callable[[Request], Reply], reference: str = "deep@champion"
) -> tuple[Mirrored | MlopsError, list[Request]]:
    with serving(answer) as proxy:
        api = MlflowApi(proxy.url, {}, sleep=lambda _: None)
        try:
            found: Mirrored | MlopsError = mirror_alias(
                log, parse_reference(reference), MlflowMirror(api, sleep=lambda _: None), name=name
            )
        except MlopsError as error:
            found = error
        return found, proxy.requests


@pytest.fixture
def deep(cli: Cli, tmp_path: Path) -> ModelLog:
    Path("m.bin").write_text("one")
    cli("register", "--model", "deep", "--file", "m.bin", "--commit", "c" * 40)
    cli("promote", "deep@v1")
    return ModelLog(LocalStore(tmp_path / "here/ws"), "deep", actor=Actor("tester"), clock=now)


COUNT = """
found = client.search_model_versions(f"name='{name}'")
experiment = client.get_experiment_by_name(f"mlops-ci/{name}")
result = [len(found), len(client.search_runs([experiment.experiment_id])), client.get_registered_model(name).aliases]
"""


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_mirror_cut_off_anywhere_is_completed_by_the_next(deep: ModelLog, server: Mlflow, carried_out: bool) -> None:
    _, requests = through(deep, f"whole-{carried_out}", Crashing(server, 10**6, carried_out=True))
    names = {f"cut-{carried_out}-{last}": last for last in range(1, len(requests) + 1)}
    assert len(names) >= 10
    codes = set()
    for name, last in names.items():
        failed, _ = through(deep, name, Crashing(server, last, carried_out=carried_out))
        assert isinstance(failed, MlopsError)
        codes.add(failed.exit_code)
        done, _ = through(deep, name, Crashing(server, 10**6, carried_out=True))
        assert isinstance(done, Mirrored), (name, done)
    assert codes == {3, 6}
    counted = server.do(
        f"result = []\nfor name in names:\n    here = dict(client=client, name=name)\n    exec({COUNT!r}, here)\n"
        "    result.append(here['result'])",
        names=list(names),
    )
    assert counted == [[1, 1, {"champion": "1"}]] * len(names)


def test_where_all_is_right_nothing_is_sent_but_questions(deep: ModelLog, server: Mlflow) -> None:
    through(deep, "right", Crashing(server, 10**6, carried_out=True))
    done, requests = through(deep, "right", Crashing(server, 10**6, carried_out=True))
    assert isinstance(done, Mirrored)
    assert (done.created, done.moved) == (False, False)
    assert {request.method for request in requests} == {"GET"}


def test_a_late_mirror_does_not_overtake_the_alias(cli: Cli, deep: ModelLog, server: Mlflow) -> None:
    Path("m.bin").write_text("two")
    cli("register", "--model", "deep", "--file", "m.bin")
    forward = Crashing(server, 10**6, carried_out=True)
    other = ModelLog(deep.store, "deep", actor=Actor("other"), clock=now)

    def moving(request: Request) -> Reply:
        if request.method == "PUT" and other.read().alias("champion") == other.read().versions[1]:
            move_alias(other, "champion", 2, rollback=False, reason=None)
        return forward(request)

    done, _ = through(deep, "late", moving)
    assert isinstance(done, Mirrored)
    assert done.version == 2
    assert server.do(READ, name="late", alias="champion")["files"] == {"m.bin": "two"}
