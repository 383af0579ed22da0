"""``reproduce``: the same again, nearly the same, another, and what cannot be run any more."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from mlops_ci.gate.reading.evidence_file import PredictionsFormat
from mlops_ci.lifecycle.reproduced_rows import compare_rows
from mlops_ci.project.project import PredictionsFile
from mlops_ci.resources import resource
from tests.support.lab import Done, Lab, tree_bytes
from tests.support.wheels import write_wheel

LOCAL = ("--host", "local")
# Never the same twice, not even by luck.
NOISE = """\
import os, yaml
seed = os.urandom(8).hex() if {} else "0"
spaces = "".join(" \\t"[byte % 2] for byte in os.urandom(64))
"""


def _reproduced(lab: Lab, subject: str = "coin@v1", *options: str) -> Done:
    return lab.run("reproduce", subject, *LOCAL, *options)


def _released(lab: Lab) -> Lab:
    done = lab.run("ci", *LOCAL)
    assert done.code == 0, done.err
    return lab


@pytest.mark.parametrize("words", [("reproduce", "coin@v1"), ("plan",), ("run",)])
def test_what_promotes_nothing_needs_no_branch(lab_with_champion: Lab, words: tuple[str, ...]) -> None:
    lab_with_champion.git("checkout", "--quiet", "--detach")
    done = lab_with_champion.run(*words, *LOCAL)
    assert done.code == 0, done.err
    refused = lab_with_champion.run("ci", *LOCAL)
    assert refused.code == 2 and "HEAD is detached" in refused.err


def test_a_version_is_run_again_as_it_was_and_nothing_else_changes(lab: Lab) -> None:
    _released(lab)
    lab.skill(0.9, 3)
    lab.edit("evaluate.py", "size", "bulk")
    lab.commit("another model")
    before = tree_bytes(lab.workspace), tree_bytes(lab.folder / ".git")
    done = _reproduced(lab, "coin@v1", "--json")
    assert done.code == 0, done.err
    jsonschema.validate(done.json, json.loads(resource("schemas", "reproduction.schema.json").read_text()))
    assert (done.json["outcome"], done.json["first"], done.json["notes"]) == ("identical", [], [])
    assert [file["again"] == file["recorded"] for file in done.json["files"]] == [True]
    assert {metric["name"] for metric in done.json["metrics"]} >= {"accuracy", "size"}
    assert (done.json["predictions"]["rows"], done.json["predictions"]["equal"]) == (400, 400)
    assert "train | runs" in done.err
    assert (tree_bytes(lab.workspace), tree_bytes(lab.folder / ".git")) == before
    cached = _reproduced(lab, "coin@v1", "--cached")
    assert "reproduced, byte for byte" in cached.out
    assert "runs:" not in cached.out


@pytest.mark.parametrize(("other_luck", "outcome", "code"), [(False, "equal", 0), (True, "different", 1)])
def test_training_that_is_not_deterministic_is_named_and_measured(
    lab: Lab, other_luck: bool, outcome: str, code: int
) -> None:
    lab.edit("train.py", "import yaml\n", NOISE.format(other_luck))
    lab.edit("train.py", "{params['skill']} {params['seed']}", "{params['skill']}{spaces}{seed}")
    lab.commit("noise")
    _released(lab)
    done = _reproduced(lab, "coin@v1", "--json")
    assert (done.code, done.json["outcome"], done.json["first"]) == (code, outcome, ["train"])
    rows = done.json["predictions"]
    assert (rows["equal"] == rows["rows"]) is not other_luck
    assert (rows["difference"] or 0) == (1 if other_luck else 0)
    [file] = done.json["files"]
    assert file["recorded"] != file["again"]


def test_what_cannot_be_run_any_more_is_said(lab: Lab) -> None:
    lab.write(".gitignore", "data/\n.mlops/\n")
    lab.git("rm", "--quiet", "--cached", "data/rows.csv")
    lab.commit("data elsewhere")
    lab.write("notes.txt", "x")
    lab.edit("evaluate.py", "size", "bulk")
    lab.edit("mlops.yaml", "size <= 100", "bulk <= 100")
    run = lab.run("run", *LOCAL, "--json").json["id"]
    lab.write_rows(390)
    done = _reproduced(lab, run, "--json")
    assert (done.code, done.json["outcome"]) == (3, "impossible")
    assert "the dataset rows is not what it was" in done.json["reason"]
    assert done.json["notes"] == ["it was made from a tree with changes that no commit has: evaluate.py, mlops.yaml"]
    assert "cannot be reproduced" in done.err
    (lab.folder / "data/rows.csv").unlink()
    assert _reproduced(lab, run).code == 2  # nor can anything else be done here


@pytest.mark.parametrize(
    ("subject", "complaint"),
    [
        ("nonsense", "neither a version nor a run"),
        ("other@v1", "it is of other, and the project here makes coin"),
        ("coin@v1", "unknown model"),
        ("20260101T000000000-00000000", "no run 20260101T000000000-00000000"),
    ],
)
def test_a_subject_that_is_none_is_refused(lab: Lab, subject: str, complaint: str) -> None:
    done = _reproduced(lab, subject)
    assert (done.code, complaint in done.err) == (2, True), done.err


def _rows(folder: Path, then: str, now: str) -> tuple[int, int, int, float | None, str | None]:
    (folder / "then.csv").write_text(then)
    (folder / "now.csv").write_text(now)
    how = PredictionsFormat(PredictionsFile("now.csv", None, "target", None, None), "regression", None, ())
    found = compare_rows(folder / "then.csv", folder / "now.csv", how)
    return found.again, found.equal, found.mismatches, found.difference, found.column


def test_rows_are_paired_by_id_or_by_order(tmp_path: Path) -> None:
    then = "id,target,prediction,city\na,1,10.0,x\nb,2,200.0,y\n"
    assert _rows(tmp_path, then, then) == (2, 2, 0, 0.0, None)
    now = "id,target,prediction,city\nc,1,1.0,x\nb,2,202.0,z\na,1,10.0,x\n"
    assert _rows(tmp_path, then, now) == (3, 1, 1, 0.01, "prediction")
    assert _rows(tmp_path, "target,prediction\n1,1\n", "target,prediction\n1,1\n2,2\n") == (2, 0, 0, None, None)
    assert _rows(tmp_path, "target,prediction\n1,1\n", "target,prediction,more\n1,1,1\n") == (1, 0, 0, 0.0, None)


def test_a_package_that_is_gone_is_the_reason(lab: Lab, tmp_path: Path) -> None:
    def env(machine: str) -> dict[str, str]:
        return {
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(tmp_path / "wheels"),
            "UV_CACHE_DIR": str(tmp_path / machine / "uv"),
            "UV_PYTHON": sys.executable,
            "MLOPS_CI_CACHE_DIR": str(tmp_path / machine / "built"),
        }

    wheel = write_wheel(tmp_path / "wheels", "gadget", "1.0")
    lab.write("requirements.txt", "gadget\n")
    lab.write(
        "mlops.yaml",
        "version: 1\nmodel: {name: coin, files: [version.txt]}\nenvironment: {pip: requirements.txt}\n"
        "steps:\n  look:\n    run: python -c 'import gadget; print(gadget.VERSION)' > version.txt\n"
        "    inputs: []\n    outputs: [version.txt]\n",
    )
    lab.commit("a gadget")
    assert lab.run("ci", *LOCAL, env=env("one")).code == 0
    wheel.unlink()
    done = lab.run("reproduce", "coin@v1", *LOCAL, "--json", env=env("two"))
    assert (done.code, done.json["outcome"]) == (3, "impossible")
    assert "gadget" in done.json["reason"]
    write_wheel(tmp_path / "wheels", "gadget", "1.0")
    assert lab.run("reproduce", "coin@v1", *LOCAL, env=env("two")).code == 0
