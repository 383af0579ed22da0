"""A champion without predictions on today's rows is evaluated anew, by its own code; what cannot be is incomparable."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.rescoring import without_training
from mlops_ci.project.load import load_project
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from tests.support.lab import PROJECT, Done, Lab
from tests.support.log_entries import log_entries
from tests.support.wheels import write_wheel

NAMED = "rescoring champion v1 on today's evaluation set: evaluate"
SPLIT = """\
  split:
    run: python split.py
    inputs: [split.py]
    data: [rows]
    outputs: [build/test.csv, build/seen.csv]
"""
# Draws the rows that are tested by a seed that stands in the code; the others are trained on.
SPLITTER = """\
import hashlib
SEED = "a"
header, *rows = open("data/rows.csv").read().splitlines()
tested = [row for row in rows if hashlib.sha256((SEED + row).encode()).digest()[0] % 2]
open("build/test.csv", "w").write("\\n".join([header, *tested]) + "\\n")
open("build/seen.csv", "w").write("\\n".join(["id", *(row.split(",")[0] for row in rows if row not in tested)]) + "\\n")
"""


def run(lab: Lab, *arguments: str, env: dict[str, str] | None = None) -> Done:
    return lab.run(*arguments, "--host", "local", env=env)


def ci(lab: Lab, env: dict[str, str] | None = None) -> Any:
    done = run(lab, "ci", "--json", env=env)
    assert done.code in {0, 1}, done.err + done.out
    return done.json | {"err": done.err}


def rule_of(found: Any) -> dict[str, Any]:
    return next(rule for rule in found["verdict"]["rules"] if "baseline" in rule["rule"])


def why_not(lab: Lab, env: dict[str, str] | None = None) -> str:
    """Why the champion cannot be compared with; nothing waves that through."""
    lab.edit("mlops.yaml", "gate:\n", "gate:\n  on_inconclusive: allow\n")
    lab.commit("allow")
    found = ci(lab, env)
    assert found["outcome"] == "inconclusive", found
    assert rule_of(found)["outcome"] == "incomparable"
    return " ".join(rule_of(found)["reason"].split())


def operations(lab: Lab) -> list[str]:
    return [entry["op"] for entry in log_entries(lab.workspace, "coin")]


def other_data(lab: Lab, skill: float = 0.8) -> None:
    lab.write_rows(500)
    lab.skill(skill)
    lab.commit("more data, another model")


def test_data_changed_and_the_champion_is_rescored_once(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    other_data(lab)
    done = run(lab, "ci")
    assert done.code == 0, done.out + done.err
    assert f"{NAMED} | runs" in done.out
    assert "rescored on this evaluation set, at its commit" in " ".join(done.out.split())
    assert operations(lab) == ["register", "verdict", "alias", "register", "evaluation", "verdict", "alias"]
    assert ci(lab)["outcome"] == "unchanged"
    lab.write("README.md", "another text\n")
    lab.commit("readme")
    assert ci(lab)["outcome"] == "unchanged"
    lab.skill(0.4)
    lab.commit("worse")
    assert "rescoring" not in run(lab, "ci").out


def test_on_a_branch_nothing_is_recorded_and_the_cache_has_it(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.git("switch", "--quiet", "--create", "idea")
    other_data(lab)
    before = operations(lab)
    branch = ("gate", "--branch", "idea", "--default-branch", "main")
    first, second = (run(lab, *branch) for _ in range(2))
    assert first.code == second.code == 0, first.out
    assert NAMED in first.out
    assert NAMED not in second.out
    assert "champion v1: evaluate | reused" in second.out
    assert operations(lab) == before


def test_a_new_column_a_renamed_file_and_another_place_of_the_data(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.git("mv", "evaluate.py", "score.py")
    lab.git("mv", "data/rows.csv", "data/wide.csv")
    text = (lab.folder / "data/wide.csv").read_text().splitlines()
    lab.write("data/wide.csv", "\n".join([f"{text[0]},length", *(f"{line},1" for line in text[1:300])]) + "\n")
    for old, new in (("evaluate.py", "score.py"), ("rows.csv", "wide.csv"), ("predictions.csv", "scored.csv")):
        lab.edit("mlops.yaml", old, new)
    for old, new in (("rows.csv", "wide.csv"), ("predictions.csv", "scored.csv")):
        lab.edit("score.py", old, new)
    lab.edit("train.py", "rows.csv", "wide.csv")
    lab.skill(0.9)
    lab.commit("all is elsewhere")
    found = ci(lab)
    assert found["outcome"] == "promoted", found
    assert rule_of(found)["baseline"] is not None


def test_a_champion_that_answers_more_rows_is_held_to_those_of_the_candidate(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.edit("evaluate.py", "    for row in csv", "    for row in list(csv")
    lab.edit("evaluate.py", '("data/rows.csv")):', '("data/rows.csv")))[:300]:')
    lab.skill(0.8)
    lab.commit("fewer rows")
    found = ci(lab)
    assert (found["outcome"], found["verdict"]["rows"]) == ("promoted", 300)
    assert lab.run("workspace", "check").code == 0


def test_a_named_version_is_rescored_too(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.edit("mlops.yaml", "    - accuracy > baseline\n", '    - "accuracy >= @v1 - 0.5"\n')
    other_data(lab)
    found = ci(lab)
    assert "rescoring v1 v1" in found["err"] or "rescoring v1 on" in found["err"]
    assert found["outcome"] == "promoted", found


LATE = "import csv, hashlib, json, sys\nlate = len(open('data/rows.csv').readlines()) > 401\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("with open", "if late: sys.exit(3)\nwith open", "step evaluate failed with exit code 3"),
        ("id,target,", "id,' + ('truth' if late else 'target') + ',", "no column 'target'"),
        ("{row['id']},", "{row['id']}{'x' * late},", "not the same ids: 500 of 500 only in the candidate's file"),
    ],
)
def test_what_cannot_be_rescored_is_incomparable_and_says_why(lab: Lab, old: str, new: str, reason: str) -> None:
    good = (lab.folder / "evaluate.py").read_text()
    lab.edit("evaluate.py", "import csv, hashlib, json\n", LATE)
    lab.edit("evaluate.py", old, new.replace("'", '"') if old.startswith("id,") else new)
    lab.commit("it works as long as there are 400 rows")
    assert ci(lab)["outcome"] == "promoted"
    lab.write("evaluate.py", good)
    other_data(lab)
    found = why_not(lab)
    assert found.startswith("champion v1 cannot be rescored on these rows: ")
    assert reason in found
    assert ci(lab)["outcome"] == "inconclusive"


def test_what_is_seen_in_training_is_no_test(lab: Lab) -> None:
    lab.write("split.py", SPLITTER)
    lab.edit("mlops.yaml", "steps:\n", f"steps:\n{SPLIT}")
    lab.edit("mlops.yaml", "  metrics: build", "  training_ids: build/seen.csv\n  metrics: build")
    lab.edit("mlops.yaml", "build/model.txt]\n    data: [rows]", "build/model.txt, build/test.csv]")
    lab.edit("evaluate.py", "data/rows.csv", "build/test.csv")
    lab.commit("a split")
    assert ci(lab)["outcome"] == "promoted"
    lab.edit("split.py", 'SEED = "a"', 'SEED = "b"')
    lab.skill(0.9)
    lab.commit("drawn anew")
    reason = why_not(lab)
    assert "champion v1 cannot be rescored on these rows: it was trained on" in reason
    assert f"of {ci_rows(lab)} rows (ids 'r" in reason
    lab.edit("split.py", "if row not in tested", "")
    lab.commit("all are seen")
    done = run(lab, "ci")
    assert done.code == 5
    assert f"the model was trained on {ci_rows(lab)} of {ci_rows(lab)} rows (ids 'r" in done.err


def ci_rows(lab: Lab) -> int:
    """How many rows the newest evaluation has."""
    found = lab.run("models", "list", "--json").json[0]["evaluations"]
    return int(found[-1]["rows"])


def test_a_champion_that_was_trained_elsewhere_is_incomparable(lab: Lab) -> None:
    lab.write("model.txt", "0.5 0")
    lab.run("workspace", "init")
    done = lab.run("register", "--model", "coin", "--file", "model.txt")
    assert done.code == 0, done.err
    assert lab.run("promote", "coin@v1", "--reason", "it was there").code == 0
    assert "it was trained elsewhere, and no commit is known that could be run" in why_not(lab)


def test_an_environment_of_then_beside_that_of_today(lab: Lab, tmp_path: Path) -> None:
    env = {
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(tmp_path / "wheels"),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON": sys.executable,
        "MLOPS_CI_CACHE_DIR": str(tmp_path / "built"),
    }
    write_wheel(tmp_path / "wheels", "gadget", "1.0")
    write_wheel(tmp_path / "wheels", "gadget", "2.0")
    lab.edit("mlops.yaml", "params: params.yaml", "environment: {pip: requirements.txt}")
    lab.edit("mlops.yaml", "    params: [train]\n", "")
    # What 1.0 has written only 1.0 can read, as pickles are.
    lab.write("train.py", 'import gadget\nopen("build/model.txt", "w").write(f"0.6 0 {gadget.VERSION}")\n')
    lab.edit("evaluate.py", "skill, seed = open", "import gadget\nskill, seed, version = open")
    lab.edit("evaluate.py", "with open", "assert gadget.VERSION == version, (gadget.VERSION, version)\nwith open")
    lab.write("requirements.txt", "gadget==1.0\n")
    lab.commit("a gadget")
    assert ci(lab, env)["outcome"] == "promoted"
    lab.write("requirements.txt", "gadget==2.0\n")
    lab.edit("train.py", "0.6 0", "0.9 0")
    lab.write_rows(500)
    lab.commit("a newer gadget")
    found = ci(lab, env)
    assert found["outcome"] == "promoted", found
    assert rule_of(found)["baseline"] == pytest.approx(0.6, abs=0.07)
    shutil.rmtree(tmp_path / "built")
    shutil.rmtree(tmp_path / "uv")
    (tmp_path / "wheels" / "gadget-2.0-py3-none-any.whl").unlink()
    lab.write_rows(600)
    lab.edit("mlops.yaml", "environment: {pip: requirements.txt}\n", "")
    lab.edit("train.py", "import gadget\n", "")
    lab.edit("train.py", "{gadget.VERSION}", "2")
    lab.edit("evaluate.py", "import gadget\n", "")
    lab.edit("evaluate.py", "assert gadget.VERSION == version, (gadget.VERSION, version)\n", "")
    lab.commit("no gadget at all")
    assert "champion v2 cannot be rescored on these rows" in why_not(lab, env)
    write_wheel(tmp_path / "wheels", "gadget", "2.0")
    assert rule_of(ci(lab, env))["baseline"] == pytest.approx(0.9, abs=0.07)


def test_a_job_that_judges_runs_nothing_and_says_so(lab_with_champion: Lab, tmp_path: Path) -> None:
    lab = lab_with_champion
    other_data(lab)
    for name in ("whole", "stripped"):
        done = run(lab, "run", "--bundle", str(tmp_path / name))
        assert done.code == 0, done.err
        assert "rescoring champion v1" in done.out or name == "stripped"
    manifest = tmp_path / "stripped" / "bundle.json"
    bundle = json.loads(manifest.read_text())
    bundle["files"] = [file for file in bundle["files"] if "/rescored/" not in file["path"]]
    manifest.write_text(json.dumps(bundle))
    before = operations(lab)
    found = run(lab, "ci", "--json", "--bundle", str(tmp_path / "stripped")).json
    assert found["outcome"] == "inconclusive"
    assert "the job that ran the steps did not rescore it" in rule_of(found)["reason"]
    done = run(lab, "ci", "--bundle", str(tmp_path / "whole"))
    assert "rescoring champion v1 on" not in done.out
    assert operations(lab)[len(before) :] == ["register", "verdict", "evaluation", "verdict", "alias"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[evaluate.py, build/model.txt]", "[evaluate.py, build/model.txt, build/more.txt]", "is no file of the model"),
        ("[build/predictions.csv, build/metrics.json]", "[build/model.txt]", "trains and evaluates in one"),
    ],
)
def test_what_cannot_be_evaluated_without_training_says_why(old: str, new: str, reason: str) -> None:
    text = PROJECT.replace("outputs: [build/model.txt]", "outputs: [build/model.txt, build/more.txt]")
    if "build/predictions" in old:
        text = text.replace("build/model.txt, build/more.txt]", "build/other.txt]")
        text = text.replace("[evaluate.py, build/model.txt]", "[evaluate.py]")
        new = old[:-1] + ", build/model.txt]"
    project = load_project(text.replace(old, new).encode(), "mlops.yaml")
    file = FileRecord("build/model.txt", "sha256:0", 1)
    version = ModelVersion("coin", 1, None, "", "", "", "", (file,))
    with pytest.raises(UsageError, match=reason):
        without_training(project, version, ["evaluate"])
    assert [
        step.name
        for step in without_training(load_project(PROJECT.encode(), "mlops.yaml"), version, ["evaluate"]).steps
    ] == ["evaluate"]
