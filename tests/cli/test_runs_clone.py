"""``runs clone``: a branch of a past run, beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import UsageError
from mlops_ci.project.editing import parse_assignment, with_value
from mlops_ci.records.codec import encode
from mlops_ci.records.commit import Commit
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import run_key
from mlops_ci.workspace.local import LocalStore
from tests.support.lab import Done, Lab
from tests.support.run_records import run_record

RUN = "20260101T000000000-00000000"


def _recorded(lab: Lab, environ: dict[str, str] | None = None) -> str:
    """Put a run of the present tree on record; the commit."""
    checkout = Checkout(lab.folder)
    inputs = frozenset({"train.py", "new.txt"} & {path.name for path in lab.folder.iterdir()})
    dirty = checkout.dirt(inputs, redactor_for(environ or {}))
    commit = Commit(checkout.head, "main", None, "A <a@b.c>", "message", "2026-01-01T00:00:00Z")
    store = LocalStore(lab.workspace)
    initialise(store)
    store.create(run_key(RUN), encode(run_record(RUN, model_name="coin", commit=commit, dirty=dirty)))
    return checkout.head


def _clone(lab: Lab, *options: str, code: int = 0) -> Done:
    before = lab.git("status", "--porcelain"), lab.git("rev-parse", "HEAD"), lab.git("diff", "--cached")
    index = (lab.folder / ".git/index").read_bytes()
    done = lab.run("runs", "clone", RUN, *options)
    assert done.code == code, done.err
    assert (lab.folder / ".git/index").read_bytes() == index
    assert (lab.git("status", "--porcelain"), lab.git("rev-parse", "HEAD"), lab.git("diff", "--cached")) == before
    return done


def test_a_branch_at_the_commit_of_the_run(lab: Lab) -> None:
    then = _recorded(lab)
    lab.skill(0.9)
    lab.commit()
    lab.write("train.py", "half a thought")
    done = _clone(lab)
    assert done.out == f"branch clone-{RUN}: commit {then[:7]}\ngit switch clone-{RUN} && mlops-ci run\n"
    assert lab.git("rev-parse", f"clone-{RUN}") == then
    assert "there is a branch" in _clone(lab, code=4).err
    assert _clone(lab, "--branch", "other", "--json").json["changed"] == []
    assert "git makes no such branch" in _clone(lab, "--branch", "other/inside", code=4).err
    assert "not the name of a branch" in _clone(lab, "--branch", "a..b", code=2).err


def test_a_version_stands_for_the_run_that_made_it(lab_with_champion: Lab) -> None:
    lab, then = lab_with_champion, lab_with_champion.git("rev-parse", "HEAD")
    (run,) = lab.run("runs", "list", "--json").json
    lab.skill(0.9)
    lab.commit()
    made = lab.run("runs", "clone", "coin@v1", "--json").json
    assert (made["name"], made["base"]) == (f"clone-{run['id']}", then)
    assert "no version 2" in lab.run("runs", "clone", "coin@v2").err
    (lab.workspace / "runs" / run["id"] / "run.json").unlink()
    gone = lab.run("runs", "clone", "coin@v1")
    assert gone.code == 2 and f"the record of run {run['id']} is not kept any more; coin@v1" in gone.err


def test_a_commit_that_a_shallow_clone_lacks_is_fetched_alone(lab: Lab, tmp_path: Path) -> None:
    lab.commit("before")
    then = _recorded(lab)
    lab.skill(0.9)
    lab.commit("after")
    folder = tmp_path / "shallow"
    lab.git("clone", "--quiet", "--depth=1", lab.folder.as_uri(), str(folder))
    asked = ("runs", "clone", RUN, "--project", str(folder), "--workspace", str(lab.workspace))
    made = lab.run(*asked, "--param", "train.skill=0.7", "--json")
    assert made.code == 0, made.err
    here = Lab.existing(folder)
    assert (made.json["base"], here.git("rev-parse", f"clone-{RUN}~1")) == (then, then)
    assert "skill: 0.7" in here.git("show", f"clone-{RUN}:params.yaml")
    assert here.git("rev-list", "--count", then) == "1"
    here.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    lab.write("train.py", "print()")
    (lab.workspace / run_key(RUN)).unlink()
    lab.commit("never fetched")
    gone = _recorded(lab)
    refused = lab.run(*asked, "--branch", "other")
    assert refused.code == 2 and f"its origin did not give it; {gone}; git fetch origin {gone}" in refused.err


def test_parameters_are_a_commit_on_top_that_changes_nothing_else(lab: Lab) -> None:
    lab.write("params.yaml", "# how good\ntrain:\n  skill: 0.6  # of 1\n  seed: 0\nother: 1\n")
    then = lab.commit("comments")
    assert _recorded(lab) == then
    done = _clone(lab, "--branch", "deeper", "--param", "train.skill=0.75", "--param", "other=[1, two]")
    assert "changes to params.yaml" in done.out
    assert lab.git("rev-parse", "deeper^") == then
    assert lab.git("show", "deeper:params.yaml") == (
        '# how good\ntrain:\n  skill: 0.75  # of 1\n  seed: 0\nother: [1, "two"]'
    )
    assert lab.git("log", "-1", "--format=%s", "deeper") == f"From run {RUN}, with train.skill=0.75, other=[1, 'two']"
    assert "no parameter 'train.depth'" in _clone(lab, "--branch", "x", "--param", "train.depth=1", code=2).err
    assert "is not one value" in _clone(lab, "--branch", "x", "--param", "train=1", code=2).err
    assert lab.git("branch", "--list", "x") == ""


def test_what_the_tree_had_besides_its_commit_comes_along_or_is_refused(lab: Lab) -> None:
    lab.edit("train.py", "trained to", "trained up to")
    lab.edit("README.md", "a coin", "a biased coin")
    _recorded(lab)
    lab.git("checkout", "--quiet", ".")
    assert "changes to README.md, train.py" in _clone(lab, "--branch", "dirty", "--param", "train.seed=1").out.replace(
        "params.yaml, ", ""
    )
    assert "trained up to" in lab.git("show", "dirty:train.py")


@pytest.mark.parametrize("why", ["redacted", "untracked", "binary", "another alphabet"])
def test_changes_that_are_not_on_record_as_a_whole_are_refused(lab: Lab, why: str) -> None:
    lab.edit("train.py", "trained to", "trained with hunter2-and-more to")
    if why == "untracked":
        lab.write("new.txt", "x")
    if why == "binary":
        (lab.folder / "README.md").write_bytes(b"\0\1\2")
    if why == "another alphabet":
        (lab.folder / "README.md").write_bytes(b"a caf\xe9\n")
    _recorded(lab, {"API_TOKEN": "hunter2-and-more"} if why == "redacted" else None)
    lab.git("checkout", "--quiet", ".")
    (lab.folder / "new.txt").unlink(missing_ok=True)
    assert "not on record as a whole" in _clone(lab, code=2).err
    assert lab.git("branch", "--list", "clone-*") == ""


def test_parameters_inside_the_project_file(lab: Lab) -> None:
    lab.edit("mlops.yaml", "params: params.yaml", "params: {train: {skill: 0.6, seed: 0}}")
    lab.commit("inline")
    _recorded(lab)
    _clone(lab, "--branch", "inline", "--param", "train.seed=7")
    assert "params: {train: {skill: 0.6, seed: 7}}" in lab.git("show", "inline:mlops.yaml")


@pytest.mark.parametrize(
    ("text", "keys", "value", "changed"),
    [
        ('{"a": {"b": 1}}', "a.b", "x\n", '{"a": {"b": "x\\n"}}'),
        ("a:\n", "a", 1, "a: 1\n"),
        ("a:\nb: 2\n", "a", 1, "a: 1\nb: 2\n"),
        ("a: |\n  long\n  text\nb: 1\n", "a", "short", 'a: "short"\nb: 1\n'),
        ("a: 'x' # why\n", "a", None, "a: null # why\n"),
        ("é: {b: [1,\n  2]}\n", "é.b", 3, "é: {b: 3}\n"),
    ],
)
def test_a_value_is_replaced_and_all_else_stays(text: str, keys: str, value: object, changed: str) -> None:
    assert with_value(text, "params.yaml", keys.split("."), value) == changed


def test_assignments() -> None:
    assert [parse_assignment(text) for text in ("a.b=1e-3", "a=yes", "a=[1]", "a=")] == [
        ("a.b", 0.001), ("a", "yes"), ("a", [1]), ("a", None),
    ]  # fmt: skip
    for wrong in ("a", "=1", ""):
        with pytest.raises(UsageError, match="not a parameter"):
            parse_assignment(wrong)
