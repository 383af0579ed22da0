"""``models alias``, ``rollback``, ``unalias``, ``protect``, ``delete``, and ``register`` with a signature."""

from __future__ import annotations

import json
import os

import pytest

from mlops_ci.edge.files import digest_of_file
from mlops_ci.workspace.layout import cache_object_key
from tests.support.lab import Done, Lab

BECAUSE = ("--reason", "it crashed")


@pytest.fixture
def fraud(lab: Lab) -> Lab:
    """A workspace with three versions that were trained elsewhere; the champion came by all of them."""
    for number in (1, 2, 3):
        lab.write(f"{number}.bin", f"model {number}")
        _run(lab, "register", "--model", "fraud", "--file", f"{number}.bin")
        _run(lab, "promote", f"fraud@v{number}")
    return lab


def _run(lab: Lab, *arguments: str) -> Done:
    done = lab.run(*arguments)
    assert done.code == 0, done.err
    return done


def _champion(lab: Lab) -> int:
    found: int = _run(lab, "models", "show", "fraud@champion", "--json").json["version"]
    return found


def test_a_rollback_says_where_from_and_where_to(fraud: Lab) -> None:
    done = _run(fraud, "models", "rollback", "fraud", *BECAUSE)
    assert done.out == "fraud@champion is now v2; it was v3\n"
    moved = _run(fraud, "models", "rollback", "fraud", *BECAUSE, "--json").json
    assert moved == {
        "model": "fraud",
        "alias": "champion",
        "version": 1,
        "previous": 2,
        "changed": True,
        "serving": {},
    }
    done = fraud.run("models", "rollback", "fraud", *BECAUSE)
    assert (done.code, "say where it shall point with --to" in done.err) == (2, True)
    assert _run(fraud, "models", "rollback", "fraud", "--to", "v3", *BECAUSE).out.startswith("fraud@champion is now v3")
    assert "champion moved from v3 to v2 by hand: it crashed" in _run(fraud, "models", "history", "fraud").out


def test_aliases_are_set_listed_and_taken_away(fraud: Lab) -> None:
    assert _run(fraud, "models", "alias", "fraud@v2", "staging").out == "fraud@staging is now v2\n"
    done = fraud.run("models", "alias", "fraud@v1", "staging")
    assert (done.code, "say --rollback" in done.err) == (4, True)
    [champion, staging] = _run(fraud, "models", "aliases", "fraud", "--json").json
    assert (champion["version"], champion["back"]) == (3, 2)
    assert (staging["version"], staging["back"]) == (2, None)
    assert "staging" in _run(fraud, "models", "aliases", "fraud").out
    assert _run(fraud, "models", "unalias", "fraud@staging", *BECAUSE).out == "fraud@staging is no more; it was v2\n"
    assert "taken away before" in _run(fraud, "models", "unalias", "fraud@staging", *BECAUSE).out
    assert fraud.run("models", "unalias", "fraud@v2", *BECAUSE).code == 2
    assert fraud.run("models", "unalias", "nobody@staging", *BECAUSE).code == 2


def test_what_is_needed_is_not_deleted_and_neither_is_what_was_named_with_it(fraud: Lab) -> None:
    delete = ("models", "delete", "fraud@v1", *BECAUSE, "--yes")
    done = fraud.run(*delete, "fraud@v3")
    assert (
        done.code,
        "champion points to v3" in done.err,
        "models unalias fraud@champion --reason TEXT" in done.err,
    ) == (
        4,
        True,
        True,
    )
    assert _run(fraud, "models", "protect", "fraud@v1", "audit", *BECAUSE).out == "fraud v1 is now protected: audit\n"
    done = fraud.run(*delete)
    assert (done.code, "mlops-ci models release fraud@v1 audit --reason TEXT" in done.err) == (4, True)
    assert "kept for      audit" in _run(fraud, "models", "show", "fraud@v1").out
    _run(fraud, "models", "release", "fraud@v1", "audit", *BECAUSE)
    assert "was not protected" in _run(fraud, "models", "release", "fraud@v1", "audit", *BECAUSE).out
    assert len(_run(fraud, "models", "list", "--json").json) == 3


def test_a_deletion_is_confirmed_or_only_told(fraud: Lab) -> None:
    delete = ("models", "delete", "fraud@v1", "fraud@2", *BECAUSE)
    done = fraud.run(*delete)
    assert (done.code, "there is nobody to ask" in done.err) == (2, True)
    assert _run(fraud, *delete, "--dry-run", "--json").json == {
        "deleted": False,
        "versions": [{"model": "fraud", "version": 1}, {"model": "fraud", "version": 2}],
        "size": 14,
    }
    assert len(_run(fraud, "models", "list", "--json").json) == 3
    assert "2 versions deleted" in _run(fraud, *delete, "--yes").out
    assert [one["version"] for one in _run(fraud, "models", "list", "--json").json] == [3]
    assert "v1 was deleted; fraud@v1; mlops-ci models why fraud@v1" in fraud.run("models", "show", "fraud@v1").err
    assert "v1 was registered on" in " ".join(fraud.run("models", "why", "fraud@v1").out.split())


def test_a_table_of_inputs_gives_a_signature_and_samples(lab: Lab) -> None:
    lab.write("m.bin", "model")
    lab.write("rows.csv", "age,city,secret\n1,Rome,x\n2,Oslo,y\n")
    register = ("register", "--model", "m", "--file", "m.bin", "--json", "--inputs", "rows.csv")
    version = _run(lab, *register).json
    assert [column["name"] for column in version["signature"]["inputs"]] == ["age", "city", "secret"]
    eats = {"inputs": [{"name": "city", "type": "String"}, {"name": "age", "type": "Int64"}], "outputs": []}
    lab.write("signature.json", json.dumps(eats))
    other = _run(lab, *register, "--signature", "signature.json").json
    assert (other["version"], other["signature"]) == (2, eats)
    [samples] = lab.workspace.glob(f"models/m/objects/{other['attempt']}/samples.json")
    assert json.loads(samples.read_bytes())["rows"] == [["Rome", 1], ["Oslo", 2]]
    assert "secret" not in samples.read_text()
    assert _run(lab, *register).json["version"] == 1  # again


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not a valid Signature"),
        ('{"inputs": [{"name": "a", "type": "x", "size": 1}], "outputs": []}', "unknown field"),
        (
            '{"inputs": [{"name": "a", "type": "x"}, {"name": "a", "type": "y"}], "outputs": []}',
            "two inputs are called",
        ),
        ('{"inputs": [{"name": "height", "type": "x"}], "outputs": []}', "no column 'height'"),
    ],
)
def test_a_signature_that_is_none_is_refused(lab: Lab, text: str, complaint: str) -> None:
    lab.write("m.bin", "model")
    lab.write("rows.csv", "age\n1\n")
    lab.write("s.json", text)
    done = lab.run("register", "--model", "m", "--file", "m.bin", "--signature", "s.json", "--inputs", "rows.csv")
    assert (done.code, complaint in done.err) == (2, True), done.err
    assert not (lab.workspace / "models").exists()


def test_runs_and_cache_expire_and_a_job_makes_again_what_it_misses(lab: Lab) -> None:
    assert lab.run("run", "--host", "local").code == 0
    [folder] = lab.workspace.glob("runs/*")
    folder.rename(folder.with_name(f"2020{folder.name[4:]}"))
    for path in lab.workspace.glob("cache/*/*"):
        os.utime(path, (0, 0))
    lab.edit("mlops.yaml", "params: params.yaml", "params: params.yaml\nretention: {runs: 90d}")
    told = _run(lab, "workspace", "gc", "--dry-run", "--cache-older-than", "30d", "--json").json
    [cache] = told["expired"]  # the newest 20 runs stay
    assert (cache["kind"], len(cache["objects"])) == ("cache", 5)
    done = _run(lab, "workspace", "gc", "--cache-older-than", "30d")
    assert "cache of steps" in done.out
    assert f"5 objects, {cache['size']:,} bytes deleted" in done.out
    assert not any((lab.workspace / key).exists() for key in cache["objects"])
    again = lab.run("run", "--host", "local", "--json").json
    assert [step["status"] for step in again["steps"]] == ["ran", "ran"]
    wrong = lab.run("workspace", "gc", "--runs-older-than", "soon")
    assert (wrong.code, "not a number of days" in wrong.err) == (2, True)


def test_an_output_that_expires_under_a_run_is_made_again_for_who_wants_it_back(lab: Lab) -> None:
    assert lab.run("ci", "--host", "local").code == 0  # from now on no run needs the model's file
    model = digest_of_file(next(lab.workspace.glob("models/coin/objects/*/files/build/model.txt")))
    (lab.workspace / cache_object_key(model)).unlink()
    done = lab.run("run", "--host", "local", "--restore")
    assert done.code == 0, done.err
    assert (lab.folder / "build/model.txt").read_text() == "0.6 0"
