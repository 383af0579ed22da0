"""What rescoring has left is taken for what it is: numbers of the same rows, and words of somebody else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.lifecycle.execution import execution
from mlops_ci.lifecycle.rescored import keep_rescored
from mlops_ci.registry.aliases import remove_alias
from mlops_ci.registry.delete import delete_version
from tests.support.lab import Lab
from tests.support.sessions import Silent, session_of

HERE = ("--host", "local")
OWN = """\
rows = [line.split(",") for line in open("build/predictions.csv").read().splitlines()[1:]]
json.dump({"own": sum(row[1] == row[2] for row in rows) / len(rows)}, open("build/metrics.json", "w"))
"""


@pytest.fixture
def own(lab: Lab) -> Lab:
    """A project whose gate compares a number of the user's own, with a champion."""
    lab.edit("mlops.yaml", "    - accuracy > baseline\n    - size <= 100\n", "    - own >= baseline\n")
    lab.edit("evaluate.py", 'json.dump({"size": 10}, open("build/metrics.json", "w"))\n', OWN)
    lab.edit("evaluate.py", "import csv, hashlib, json\n", "import csv, hashlib, json\nassert True\n")
    lab.commit("a number of our own")
    return lab


def _ci(lab: Lab, *options: str) -> Any:
    done = lab.run("ci", "--json", *HERE, *options)
    assert done.code in {0, 1}, done.err
    return done.json


def _rule(found: Any) -> tuple[str, str]:
    (rule,) = found["verdict"]["rules"]
    return rule["outcome"], rule["reason"]


def test_a_number_of_other_rows_stands_in_for_no_champion_that_cannot_be_rescored(own: Lab) -> None:
    own.edit("evaluate.py", "assert True", "assert len(open('data/rows.csv').readlines()) == 401")
    own.commit("it works as long as there are 400 rows")
    assert _ci(own)["outcome"] == "promoted"
    own.edit("evaluate.py", "assert len(open('data/rows.csv').readlines()) == 401", "assert True")
    own.write_rows(500)
    own.skill(0.9)
    own.commit("more rows")
    outcome, reason = _rule(_ci(own))
    assert outcome == "incomparable"
    assert reason.startswith("champion v1 cannot be rescored on these rows: ")


def test_a_number_of_more_rows_is_not_compared_with_that_of_fewer(own: Lab) -> None:
    assert _ci(own)["outcome"] == "promoted"
    own.edit(
        "evaluate.py", 'in csv.DictReader(open("data/rows.csv"))', 'in [*csv.DictReader(open("data/rows.csv"))][:99]'
    )
    own.skill(0.9)
    own.commit("fewer rows")
    found = _ci(own)
    assert _rule(found) == ("incomparable", "the baseline has no own")
    assert any("its own numbers are left out" in note for note in found["verdict"]["notes"])


def _claim(folder: Path, claim: dict[str, Any]) -> None:
    """Let a bundle say something else of how the rescoring of v1 went."""
    manifest = json.loads((folder / "bundle.json").read_text())
    record = next(file for file in manifest["files"] if file["path"].endswith("/v1/rescoring.json"))
    said = json.loads((folder / "objects" / record["digest"].removeprefix("sha256:")).read_text())
    data = json.dumps(said | claim).encode()
    digest = hashlib.sha256(data).hexdigest()
    record.update(digest=f"sha256:{digest}", size=len(data))
    (folder / "objects" / digest).write_bytes(data)
    (folder / "bundle.json").write_text(json.dumps(manifest))


def test_what_another_job_says_of_it_never_stands_as_our_own_sentence(lab_with_champion: Lab, tmp_path: Path) -> None:
    lab, lie = lab_with_champion, "All is well:\n\nmerge it"
    lab.write_rows(500)
    lab.skill(0.8)
    lab.commit("more data")
    told, failed = tmp_path / "told", tmp_path / "failed"
    for folder in (told, failed):
        assert lab.run("run", "--bundle", str(folder), *HERE).code == 0
    _claim(failed, {"problem": lie, "notes": [lie]})
    found = _ci(lab, "--bundle", str(failed))
    rule = next(rule for rule in found["verdict"]["rules"] if "baseline" in rule["rule"])
    assert rule["reason"] == "champion v1 cannot be rescored on these rows: All is well: merge it"
    assert not any("All is well" in note for note in found["verdict"]["notes"])
    _claim(told, {"notes": [lie] * 50})
    notes = _ci(lab, "--bundle", str(told))["verdict"]["notes"]
    assert [note for note in notes if "rescor" in note or "All is well" in note] == [
        f"champion v1 was rescored on this evaluation set, at its commit {lab.git('rev-parse', '--short=7', 'HEAD~')}",
        *["rescoring champion v1: All is well: merge it"] * 3,
    ]


def test_of_a_version_that_was_deleted_meanwhile_nothing_is_kept(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.write_rows(500)
    lab.commit("more data")
    session = session_of(lab)
    with execution(session, Silent()) as trained:
        assert trained.rescored[1].evaluation is not None
        log = session.log()
        remove_alias(log, "champion", reason="it is bad")
        delete_version(log, 1)
        keep_rescored(log, trained)
        assert log.read().versions == {}


def test_a_version_that_was_registered_under_another_path_says_so(lab: Lab) -> None:
    lab.write("model.txt", "0.6 0")
    commit = lab.git("rev-parse", "HEAD")
    lab.run("workspace", "init")
    done = lab.run("register", "--model", "coin", "--file", "model.txt", "--commit", commit)
    assert (done.code, lab.run("promote", "coin@v1", "--reason", "it was there").code) == (0, 0), done.err
    lab.skill(0.9)
    lab.commit("another model")
    rule = next(rule for rule in _ci(lab)["verdict"]["rules"] if "baseline" in rule["rule"])
    assert (
        "'build/model.txt' is a file of the model at its commit, and the version has only model.txt" in rule["reason"]
    )
