"""``affected``: which models of a repository a change affects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.pipeline.lock_file import lock_file_name
from tests.support.lab import Lab

CHURN = """\
version: 1
model: {name: churn, files: [build/model]}
include: [../../shared/steps.yaml]
environment: {pip: requirements.txt}
params: params.yaml
datasets: {rows: {path: data}}
steps:
  train: {run: x, inputs: [train.py, ../../shared/code, build/rows], data: [rows], params: [a], outputs: [build/model]}
"""
SHARED = "steps:\n  prepare: {run: x, inputs: [prepare.py], outputs: [build/rows]}\n"
PRICES = "version: 1\nmodel: {name: prices}\nsteps:\n  train: {run: x, outputs: [build/model]}\n"


@pytest.fixture
def many(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "many")
    lab.write("mlops.yaml", PRICES.replace("prices", "top").replace("outputs", "inputs: [top.py], outputs"))
    lab.write("models/churn/mlops.yaml", CHURN)
    lab.write("shared/steps.yaml", SHARED)
    for path in ("models/churn/train.py", "models/churn/prepare.py", "models/churn/data/a.csv", "shared/code/x.py"):
        lab.write(path, "1\n")
    lab.write("models/churn/requirements.txt", "-r ../../base.txt\n")
    lab.write("base.txt", "numpy\n")
    lab.write("models/churn/params.yaml", "a: 1\n")
    lab.commit("first")
    return lab


def affected(lab: Lab, *arguments: str, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    done = lab.run("affected", "--json", *arguments, env=env)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.json
    return found


@pytest.mark.parametrize(
    ("path", "models"),
    [
        ("models/churn/train.py", ["churn"]),
        ("models/churn/prepare.py", ["churn"]),
        ("models/churn/data/new.csv", ["churn"]),
        ("models/churn/data.dvc", ["churn"]),
        ("models/churn/params.yaml", ["churn"]),
        ("models/churn/requirements.txt", ["churn"]),
        (f"models/churn/{lock_file_name('requirements.txt')}", ["churn"]),
        ("base.txt", ["churn"]),
        ("shared/code/y.py", ["churn"]),
        ("top.py", ["top"]),
        ("mlops.yaml", ["top"]),
        ("README.md", []),
        ("models/churn/build/rows", []),
    ],
)
def test_a_model_is_affected_by_what_it_reads(many: Lab, path: str, models: list[str]) -> None:
    old = (many.folder / path).read_text() if (many.folder / path).exists() else ""
    many.write(path, old + "# another\n")
    many.commit("second")
    found = affected(many)
    assert [each["model"] for each in found] == models
    assert all(each["reasons"] == [f"{path} changed"] for each in found)


def test_what_is_included_is_read_too_and_a_file_that_is_gone_was_read(many: Lab) -> None:
    many.edit("shared/steps.yaml", "run: x", "run: y")
    (many.folder / "models/churn/train.py").unlink()
    many.commit("second")
    [churn] = affected(many)
    assert churn == {
        "project": "models/churn/mlops.yaml",
        "model": "churn",
        "reasons": ["models/churn/train.py changed", "shared/steps.yaml changed"],
    }


def test_a_step_without_inputs_reads_all_and_long_lists_are_cut(many: Lab) -> None:
    many.write("models/prices/mlops.yaml", PRICES)
    many.commit("second")
    for number in range(7):
        many.write(f"notes/{number}.md", "x")
    many.commit("third")
    [prices] = affected(many)
    assert (prices["model"], prices["reasons"][0], prices["reasons"][-1]) == (
        "prices",
        "notes/0.md changed",
        "and 2 more",
    )
    assert affected(many, "models/churn") == []


def test_a_branch_is_compared_with_where_it_left_the_default_branch(many: Lab) -> None:
    many.git("switch", "--quiet", "--create", "idea")
    for path in ("top.py", "README.md"):
        many.write(path, "another\n")
        many.commit(path)
    many.git("switch", "--quiet", "main")
    many.write("models/churn/train.py", "another\n")
    newest = many.commit("on main")
    many.git("switch", "--quiet", "idea")
    assert [each["model"] for each in affected(many)] == ["top"]
    assert [each["model"] for each in affected(many, "--since", "main")] == ["top"]
    assert [each["model"] for each in affected(many, "--since", newest[:10])] == ["top", "churn"]


@pytest.mark.parametrize(
    ("since", "found"),
    [("HEAD", []), ("HEAD~1", ["top"]), ("@~2", ["top", "churn"]), ("tagged", ["top"]), ("idea^", ["top"])],
)
def test_a_commit_is_named_as_git_names_it(many: Lab, since: str, found: list[str]) -> None:
    many.git("switch", "--quiet", "--create", "idea")
    many.write("models/churn/train.py", "another\n")
    many.commit("churn")
    many.git("tag", "tagged")
    many.write("top.py", "another\n")
    many.commit("top")
    # Origin's HEAD is the tip of its default branch, which is not meant.
    many.git("update-ref", "refs/remotes/origin/HEAD", "HEAD~2")
    assert [each["model"] for each in affected(many, "--since", since)] == found


def test_a_broken_project_has_a_job_that_says_so(many: Lab) -> None:
    many.write("models/churn/mlops.yaml", "version: 2\n")
    many.commit("second")
    [churn] = affected(many)
    assert churn["model"] is None and churn["reasons"][0].startswith("mlops.yaml:1:1: ")


def test_with_nothing_to_compare_with_every_model_is_looked_at(many: Lab) -> None:
    assert [each["model"] for each in affected(many)] == ["top", "churn"]
    assert [each["model"] for each in affected(many, "--since", "0" * 40)] == ["top", "churn"]


def test_a_reference_to_nothing_is_refused(many: Lab) -> None:
    for unknown in ("HEAD~99", "-x", "HEAD:mlops.yaml"):
        refused = many.run("affected", "--since", unknown)
        assert refused.code == 2 and f"neither a commit nor a branch; '{unknown}'" in refused.err
    done = many.run("affected", "--since", "nowhere")
    assert done.code == 2 and "neither a commit nor a branch; 'nowhere'" in done.err
    done = many.run("affected", "models/none")
    assert done.code == 2 and "no such file or folder" in done.err


def test_later_jobs_get_the_projects_of_a_pull_request(many: Lab, tmp_path: Path) -> None:
    base = many.git("rev-parse", "HEAD")
    many.git("switch", "--quiet", "--create", "idea")
    many.write("top.py", "another\n")
    head = many.commit("second")
    side = {"ref": "main", "sha": base, "repo": {"full_name": "acme/ml", "default_branch": "main"}}
    pull = {"number": 1, "base": side, "head": {**side, "ref": "idea", "sha": head}}
    event, outputs = tmp_path / "event.json", tmp_path / "outputs"
    event.write_text(json.dumps({"pull_request": pull, "repository": side["repo"]}))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/ml",
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_OUTPUT": str(outputs),
    }
    assert [each["model"] for each in affected(many, env=env)] == ["top"]
    text = outputs.read_text()
    assert '[{"project": "mlops.yaml", "model": "top", "reasons": ["top.py changed"]}]' in text
    assert '{"top": {"project": "mlops.yaml"}}' in text
