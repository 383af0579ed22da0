from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from mlops_ci.cli.main import cli
from mlops_ci.lifecycle.places import make_workspace
from mlops_ci.records.actor import Actor
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.registry.datasets import DatasetShelf
from mlops_ci.workspace.inventory import take_inventory
from mlops_ci.workspace.local import LocalStore
from tests.support.lab import Lab


def asked(folder: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["datasets", *arguments, "--workspace", str(folder / "w"), "--project", str(folder)])
    assert done.exception is None, done.exception
    return done.stdout


def test_versions_are_registered_listed_shown_and_compared(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    table = data / "t.csv"
    header = "hour,carrier|<b>\n"
    table.write_text(header + "".join(f"{number},HA\n" for number in range(100)))
    asked(tmp_path, "register", "flights", str(table), "--tag", "stage=golden")
    table.write_text(header + "".join(f"{number + 50},\u202eAA\n" for number in range(100)))
    asked(tmp_path, "register", "flights", str(table), "--host", "local")
    folder = json.loads(asked(tmp_path, "register", "all", str(data), "--json"))
    assert (folder["version"]["path"], folder["version"]["files"]) == ("data", 1)

    listed = json.loads(asked(tmp_path, "list", "flights", "--json"))
    assert [(known["version"]["profile"]["rows"], known["tags"]) for known in listed] == [
        (100, {}),
        (100, {"stage": "golden"}),
    ]
    assert "stage=golden" in asked(tmp_path, "list")
    shown = asked(tmp_path, "show", "flights", "@stage=golden")
    assert "0 … 49.5 … 99" in shown and "HA 100%" in shown
    assert max(map(len, shown.splitlines())) <= 80
    told = asked(tmp_path, "diff", "flights")
    assert "hour: shift median" in told and "0.51 apart" in told
    assert "\u202e" not in told
    assert asked(tmp_path, "diff", "flights", "@stage", "@stage") == "nothing differs\n"
    assert json.loads(asked(tmp_path, "diff", "flights", "--json"))["name"] == "flights"


def test_what_the_default_branch_has_read_is_kept(lab_with_champion: Lab) -> None:
    (known,) = lab_with_champion.run("datasets", "list", "--json").json
    assert (known["commit"], len(known["run"])) == (lab_with_champion.git("rev-parse", "HEAD").strip(), 27)
    assert known["models"] == [f"{lab_with_champion.versions()[0]['model']}@v1"]
    inventory = take_inventory(LocalStore(lab_with_champion.workspace))
    assert inventory.kinds["datasets"].objects == 1 and not inventory.foreign.objects


def test_a_table_that_has_no_profile_is_a_dataset_all_the_same(lab: Lab) -> None:
    (lab.folder / "data" / "raw.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    lab.edit("mlops.yaml", "datasets:\n", "datasets:\n  raw: {path: data/raw.csv}\n")
    lab.commit("data without a header")
    lab.ci()
    assert lab.versions()[0]["datasets"].keys() == {"raw", "rows"}
    for words in (("datasets", "show", "raw"), ("runs", "show", lab.run("runs", "list", "--json").json[0]["id"])):
        done = lab.run(*words)
        assert done.code == 0, done.err
        assert "data/raw.csv" in done.out and "18 bytes, no profile: the table has no header" in done.out
    (lab.folder / "data" / "raw.csv").write_text("")
    done = lab.run("datasets", "register", "raw", str(lab.folder / "data" / "raw.csv"), "--host", "local")
    assert done.code == 0 and done.out.endswith(": 0 bytes, no profile: cannot be read: empty CSV\n")
    (version, _) = lab.run("datasets", "list", "raw", "--json").json
    assert (version["version"]["profile"], version["version"]["unprofiled"]) == (None, "cannot be read: empty CSV")


def test_versions_of_one_moment_are_compared_too(tmp_path: Path) -> None:
    (tmp_path / "mlops.yaml").write_text("")
    store, moment = LocalStore(tmp_path / "w"), datetime(2026, 1, 1, tzinfo=UTC)
    make_workspace(store, tmp_path, is_new=True)
    for digit in "ab":
        DatasetShelf(store, Actor("ada"), lambda: moment).keep(
            "flights", DatasetVersion("t.csv", f"sha256:{digit * 64}", 1, 1)
        )
    assert asked(tmp_path, "diff", "flights").splitlines() == [
        "- aaaaaaaaaaaa  1 bytes",
        "+ bbbbbbbbbbbb  1 bytes",
    ]
