"""Import from a real MLflow: from its server, and from its file store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.conftest import Cli, files, versions
from tests.parts.mlflow import Mlflow, in_folder
from tests.support.lab import tree_bytes

pytestmark = pytest.mark.xdist_group("mlflow")

# A run with files; a version of it; a version of a logged model, as MLflow 3 makes them; a copy of the first version.
MAKE = r"""
import math, pathlib, tempfile
experiment = client.create_experiment(name + " experiment")
run = client.create_run(experiment, tags={"mlflow.source.git.commit": "a" * 40, "mlflow.user": "ada"}).info.run_id
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "sub").mkdir()
(folder / "weights.tar.gz").write_bytes(bytes(range(256)) * 5000)
(folder / "sub/a b.txt").write_text("hi")
(folder / "empty").write_bytes(b"")
client.log_artifacts(run, str(folder), "model")
client.log_metric(run, "auc", 0.8, step=0)
client.log_metric(run, "auc", 0.9, step=1)
client.log_metric(run, "group/nan", math.nan)
client.log_metric(run, "infinite", math.inf)
client.log_param(run, "depth", "3")
client.create_registered_model(name, description="of the model")
client.create_model_version(
    name, f"runs:/{run}/model", run_id=run, tags={"team": "fraud", "bad key": "x", "long": "y" * 999},
    description="first\nversion",
)
mlflow.set_experiment(name + " experiment")
with mlflow.start_run() as active:
    logged = client.create_logged_model(experiment, name="m", source_run_id=active.info.run_id, params={"depth": "4"})
    client.log_model_artifacts(logged.model_id, str(folder / "sub"))
    client.finalize_logged_model(logged.model_id, "READY")
    mlflow.log_metric("acc", 0.5, model_id=logged.model_id)
client.create_model_version(name, f"models:/{logged.model_id}", run_id=active.info.run_id, model_id=logged.model_id)
client.copy_model_version(f"models:/{name}/1", name)
client.set_registered_model_alias(name, "Champion", 2)
client.set_registered_model_alias(name, "dead", 1)
client.set_registered_model_alias(name, "challenger", 1)
result = [run, active.info.run_id]
"""
WEIGHTS = bytes(range(256)) * 5000


@pytest.fixture(scope="module")
def made(server: Mlflow) -> tuple[str, list[str]]:
    return server.uri, server.do(MAKE, name="Fraud Model")


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    folder = tmp_path_factory.mktemp("store") / "mlruns"
    return str(folder), in_folder(folder).do(MAKE, name="Fraud Model")


@pytest.fixture(params=["server", "folder"])
def source(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    found: tuple[str, list[str]] = request.getfixturevalue("made" if request.param == "server" else "made_folder")
    return found


def import_fraud(cli: Cli, where: str, *more: str) -> Any:
    done = cli("models", "import", "mlflow", where, "--model", "Fraud Model", "--as", "fraud", "--json", *more)
    assert done.code == 0, done.err
    return json.loads(done.out)[0]


def test_versions_come_with_all_that_is_known_of_them(cli: Cli, source: tuple[str, list[str]], tmp_path: Path) -> None:
    where, [run, other_run] = source
    done = import_fraud(cli, where)
    assert [(v["foreign"], v["outcome"], v["version"]) for v in done["versions"]] == [
        ("1", "imported", 1), ("2", "imported", 2), ("3", "imported", 3),
    ]  # fmt: skip
    first, second, third = versions(cli, "fraud")
    assert (first["commit"], second["commit"]) == ("a" * 40, None)
    assert first["metrics"] == {"auc": 0.9, "group/nan": None, "infinite": None}
    assert second["metrics"] == {"acc": 0.5}
    assert (first["params"], second["params"]) == ({"depth": "3"}, {"depth": "4"})
    created = first["tags"].pop("mlflow.created")
    assert created.startswith("20")
    assert first["tags"] == {
        "team": "fraud",
        "long": "y" * 255 + "…",
        "mlflow.author": "ada",
        "mlflow.description": "first version",
        "mlflow.name": "Fraud Model",
        "mlflow.run": run,
        "mlflow.version": "1",
    }
    assert second["tags"]["mlflow.run"] == other_run
    assert done["notes"][:2] == [
        "version 1: the tag 'bad key' was left out: it cannot be the name of a tag here",
        "version 1: the tag long was cut to 256 characters",
    ]
    whole = {"weights.tar.gz": WEIGHTS, "sub/a b.txt": b"hi", "empty": b""}
    assert files(cli, "fraud@v1", tmp_path / "1") == whole
    assert files(cli, "fraud@v2", tmp_path / "2") == {"a b.txt": b"hi"}
    assert files(cli, "fraud@v3", tmp_path / "3") == whole
    assert third["digest"] == first["digest"]


def test_aliases_come_too_where_their_names_can(cli: Cli, source: tuple[str, list[str]]) -> None:
    aliases = import_fraud(cli, source[0])["aliases"]
    assert [(a["foreign"], a["alias"], a["outcome"], a["version"]) for a in aliases] == [
        ("Champion", "champion", "moved", 2),
        ("challenger", "challenger", "moved", 1),
        ("dead", None, "skipped", None),
    ]
    assert [version["aliases"] for version in versions(cli, "fraud")] == [["challenger"], ["champion"], []]


def test_again_nothing_changes(cli: Cli, source: tuple[str, list[str]], tmp_path: Path) -> None:
    import_fraud(cli, source[0])
    before = tree_bytes(tmp_path / "here/ws")
    done = import_fraud(cli, source[0])
    assert {version["outcome"] for version in done["versions"]} == {"known"}
    assert tree_bytes(tmp_path / "here/ws") == before


def test_a_dry_run_writes_nothing(cli: Cli, source: tuple[str, list[str]], tmp_path: Path) -> None:
    done = import_fraud(cli, source[0], "--dry-run")
    assert {version["outcome"] for version in done["versions"]} == {"new"}
    assert [alias["outcome"] for alias in done["aliases"]] == ["would move", "would move", "skipped"]
    assert not (tmp_path / "here/ws").exists()


@pytest.mark.parametrize("place", ["server", "folder"])
def test_later_versions_are_added_and_moved_aliases_move(
    cli: Cli, place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    mlflow: Mlflow = request.getfixturevalue("server") if place == "server" else in_folder(tmp_path / "mlruns")
    where = mlflow.uri if place == "server" else str(tmp_path)
    mlflow.do(
        """
        experiment = client.create_experiment("growing")
        run = client.create_run(experiment).info.run_id
        client.log_text(run, "1", "model/m.txt")
        client.create_registered_model("growing")
        client.create_model_version("growing", f"runs:/{run}/model", run_id=run)
        client.set_registered_model_alias("growing", "champion", 1)
        """.replace("\n        ", "\n")
    )
    assert cli("models", "import", "mlflow", where, "--model", "growing").code == 0
    mlflow.do(
        """
        run = client.create_run(client.get_experiment_by_name("growing").experiment_id).info.run_id
        client.log_text(run, "2", "model/m.txt")
        client.create_model_version("growing", f"runs:/{run}/model", run_id=run)
        client.create_model_version("growing", f"runs:/{run}/model", run_id=run)
        client.delete_model_version("growing", 2)
        client.set_registered_model_alias("growing", "champion", 3)
        """.replace("\n        ", "\n")
    )
    done = cli("models", "import", "mlflow", where, "--model", "growing")
    assert done.out.splitlines() == [
        "growing: version 1 known already as v1",
        "growing: version 3 imported as v2",
        "growing: alias champion is now v2",
    ]
    # Back to the first: what MLflow says of an imported version is done.
    mlflow.do('client.set_registered_model_alias("growing", "champion", 1)')
    cli("models", "import", "mlflow", where, "--model", "growing")
    assert versions(cli, "growing")[0]["aliases"] == ["champion"]
    # But an alias that names a model of our own stays.
    Path("own.bin").write_text("own")
    cli("register", "--model", "growing", "--file", "own.bin")
    cli("promote", "growing@v3")
    done = cli("models", "import", "mlflow", where, "--model", "growing")
    assert "alias champion skipped: it points to v3, which was not imported" in done.out
    assert done.code == 0


def test_a_version_whose_files_are_gone_is_named_and_the_others_come(cli: Cli, tmp_path: Path) -> None:
    store = in_folder(tmp_path / "mlruns")
    runs = store.do(
        """
        experiment, result = client.create_experiment("e"), []
        client.create_registered_model("holes")
        for number in range(3):
            run = client.create_run(experiment).info.run_id
            client.log_text(run, str(number), "model/m.txt")
            client.create_model_version("holes", f"runs:/{run}/model", run_id=run)
            result.append(run)
        client.set_registered_model_alias("holes", "champion", 2)
        """.replace("\n        ", "\n")
    )
    [artifacts] = (tmp_path / "mlruns").glob(f"*/{runs[1]}/artifacts")
    shutil.rmtree(artifacts)
    done = cli("models", "import", "mlflow", str(tmp_path / "mlruns"))
    assert done.code == 3
    assert [line.partition(f"; {tmp_path}")[0] for line in done.out.splitlines()] == [
        "holes: version 1 imported as v1",
        "holes: version 2 skipped: its files are gone",
        "holes: version 3 imported as v2",
        "holes: alias champion skipped: version 2 is not here",
    ]
    assert "1 version was skipped" in done.err


def test_files_that_a_server_leaves_to_its_clients_are_read_where_they_lie(
    cli: Cli, server: Mlflow, tmp_path: Path
) -> None:
    server.do(
        """
run = client.create_run(client.create_experiment("bare", artifact_location=place)).info.run_id
client.log_text(run, "here", "model/m.txt")
client.create_registered_model("bare")
client.create_model_version("bare", f"runs:/{run}/model", run_id=run)
""",
        place=(tmp_path / "there").as_uri(),
    )
    done = cli("models", "import", "mlflow", server.uri, "--model", "bare")
    assert done.out == "bare: version 1 imported as v1\n", done.err
    assert files(cli, "bare@v1", tmp_path / "1") == {"m.txt": b"here"}


def test_a_store_that_was_moved_is_read_where_it_is(
    cli: Cli, made_folder: tuple[str, list[str]], tmp_path: Path
) -> None:
    shutil.copytree(made_folder[0], tmp_path / "mlruns")
    import_fraud(cli, made_folder[0])
    # Where a folder lies does not say what is in it.
    assert {v["outcome"] for v in import_fraud(cli, str(tmp_path / "mlruns"))["versions"]} == {"known"}


def test_a_moved_store_needs_nothing_of_the_old_one(
    cli: Cli, made_folder: tuple[str, list[str]], tmp_path: Path
) -> None:
    place = tmp_path / "mlruns"
    shutil.copytree(made_folder[0], place)
    for file in place.rglob("meta.yaml"):
        file.write_text(file.read_text().replace(made_folder[0], "/no/such/place"))
    import_fraud(cli, str(place))
    assert files(cli, "fraud@v2", tmp_path / "2") == {"a b.txt": b"hi"}
    assert len(files(cli, "fraud@v1", tmp_path / "1")) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "'Fraud Model' cannot be the name of a model here"),
        (("--model", "nothing"), "no model 'nothing'"),
        (("--as", "fraud", "--model", "Fraud Model", "--model", "other"), "--as is for one model, and there are 2"),
        (("--as", "Not A Name", "--model", "Fraud Model"), "not a model name"),
    ],
)
def test_names_that_cannot_be_are_told_before_anything_is_written(
    cli: Cli, source: tuple[str, list[str]], arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = cli("models", "import", "mlflow", source[0], *arguments)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not (tmp_path / "here/ws").exists()
