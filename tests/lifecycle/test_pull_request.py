"""Any other branch: run, judge, report; without a budget the registry is only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab import Lab, tree_bytes

TRAINS = "    inputs: [train.py]\n"
EVALUATES = "    inputs: [evaluate.py, build/model.txt]\n    data: [rows]\n"


@pytest.fixture
def branch(lab: Lab) -> Lab:
    """A branch on top of a champion of skill 0.6."""
    lab.ci()
    lab.git("switch", "--quiet", "--create", "idea")
    return lab


def test_a_better_model_passes_and_nothing_is_registered(branch: Lab) -> None:
    models = tree_bytes(branch.workspace / "models")
    branch.skill(0.8)
    branch.commit("better")
    result = branch.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("passed", None, 0)
    assert tree_bytes(branch.workspace / "models") == models


def test_a_worse_model_is_refused(branch: Lab) -> None:
    branch.skill(0.4)
    branch.commit("worse")
    result = branch.ci()
    assert (result["outcome"], result["code"]) == ("refused", 1)


def test_a_change_cannot_loosen_its_own_gate(branch: Lab) -> None:
    branch.skill(0.4)
    branch.edit("mlops.yaml", "accuracy > baseline", "accuracy > 0.1")
    branch.commit("worse, and a looser gate")
    done = branch.run("ci")
    assert done.code == 1
    assert "gate differs here; that of main is in force until this is merged" in " ".join(done.out.split())


def test_changed_evaluation_code_is_flagged(branch: Lab) -> None:
    branch.skill(0.8)
    branch.write("evaluate.py", (branch.folder / "evaluate.py").read_text() + "# kinder\n")
    branch.commit("better, and another evaluation")
    done = branch.run("ci")
    assert "the evaluation itself changes here: evaluate.py" in " ".join(done.out.split())


def test_other_data_and_parameters_for_the_evaluation_are_flagged(branch: Lab) -> None:
    branch.git("switch", "--quiet", "main")
    branch.edit("mlops.yaml", EVALUATES, f"{EVALUATES}    params: [train]\n")
    for script in ("train.py", "evaluate.py"):  # which reads what is there, whatever it is called
        branch.edit(script, 'open("data/rows.csv")', 'open(__import__("glob").glob("data/*.csv")[0])')
    branch.edit("train.py", 'open("params.yaml")', 'open(__import__("glob").glob("*.yaml")[0])')
    for copy, original in {"data/kinder.csv": "data/rows.csv", "kinder.yaml": "params.yaml"}.items():
        branch.write(copy, (branch.folder / original).read_text())
    branch.commit("what nobody reads yet")
    branch.git("switch", "--quiet", "-C", "idea")
    branch.edit("mlops.yaml", "path: data/rows.csv", "path: data/kinder.csv")
    branch.edit("mlops.yaml", "params: params.yaml", "params: kinder.yaml")
    branch.commit("no file that anybody reads has changed")
    said = " ".join(branch.run("ci").out.split())
    assert "the evaluation itself changes here: datasets.rows, params; review it with care" in said


def test_a_dataset_of_the_training_alone_is_none_of_the_evaluation(branch: Lab) -> None:
    branch.edit("mlops.yaml", "rows: {path: data/rows.csv}", "rows: {path: data/rows.csv}\n  more: {path: README.md}")
    branch.edit("mlops.yaml", f"{TRAINS}    data: [rows]", f"{TRAINS}    data: [rows, more]")
    branch.commit("train on more")
    done = branch.run("ci")
    assert done.code == 1 and "the evaluation itself changes" not in " ".join(done.out.split())


def test_the_runs_and_results_of_a_branch_lie_apart(branch: Lab) -> None:
    before = tree_bytes(branch.workspace)
    branch.skill(0.8)
    branch.commit("better")
    branch.ci()
    new = tree_bytes(branch.workspace).keys() - before.keys()
    assert new
    assert all(key.startswith("pull-requests/") for key in new)


@pytest.mark.parametrize("trust", [False, True])
def test_the_default_branch_reuses_the_results_of_a_branch_only_if_told_to(lab: Lab, trust: bool) -> None:
    if trust:
        lab.edit("mlops.yaml", "params: params.yaml", "params: params.yaml\ncache: {trust: pull-requests}")
        lab.commit("trust")
    lab.ci()
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.8)
    lab.commit("better")
    lab.ci()
    lab.git("switch", "--quiet", "main")
    lab.git("merge", "--quiet", "--ff-only", "idea")
    result = lab.ci()
    assert result["outcome"] == "promoted"
    run = lab.run("runs", "show", result["run"], "--json").json
    assert [step["status"] for step in run["steps"]] == (["reused", "reused"] if trust else ["ran", "ran"])


def test_a_branch_that_changes_no_model_is_unchanged(branch: Lab) -> None:
    branch.write("README.md", "another text\n")
    branch.commit("readme")
    result = branch.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("unchanged", 1, 0)


def test_the_first_branch_of_a_repository_without_a_project_uses_its_own_gate(lab: Lab) -> None:
    lab.git("checkout", "--quiet", "--orphan", "empty")
    lab.git("rm", "--quiet", "-r", "--cached", ".")
    lab.git("commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    lab.git("branch", "--quiet", "--force", "main", "empty")
    lab.git("checkout", "--quiet", "-B", "idea", "main")
    lab.commit("a project")
    done = lab.run("ci")
    assert done.code == 0, done.err
    assert "main has no mlops.yaml yet" in " ".join(done.out.split())


def test_a_changed_evaluation_command_is_flagged(branch: Lab) -> None:
    branch.edit("mlops.yaml", "run: python evaluate.py", "run: python evaluate.py; true")
    branch.skill(0.8)
    branch.commit("better, by another command")
    assert "steps.evaluate" in branch.run("ci").out


def test_a_renamed_model_is_said_to_have_no_champion(branch: Lab) -> None:
    branch.edit("mlops.yaml", "name: coin", "name: dice")
    branch.commit("renamed")
    assert "under the new name it has no champion" in " ".join(branch.run("ci").out.split())


def test_force_on_a_branch_takes_nothing_from_the_default_branch(branch: Lab) -> None:
    before = tree_bytes(branch.workspace / "cache")
    branch.ci("--force")
    assert tree_bytes(branch.workspace / "cache") == before


def test_a_branch_without_its_base_in_the_clone_is_refused(branch: Lab) -> None:
    branch.git("branch", "--quiet", "-D", "main")
    done = branch.run("ci", "--default-branch", "main")
    assert (done.code, "this clone does not have main" in done.err) == (2, True)


def test_a_hooks_variables_do_not_lead_git_elsewhere(branch: Lab) -> None:
    branch.skill(0.4)
    branch.commit("worse")
    assert branch.ci(env={"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index"})["outcome"] == "refused"


def test_a_linked_worktree_shares_the_workspace(branch: Lab, tmp_path: Path) -> None:
    branch.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    linked = Lab.existing(tmp_path / "linked")
    linked.skill(0.4)
    linked.commit("worse")
    assert linked.ci()["outcome"] == "refused"
    assert not linked.workspace.exists()
