"""The default branch: register, judge, promote."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_ci.lifecycle import default_branch
from mlops_ci.lifecycle.reporting import write_report
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.report import Report
from tests.support.lab import EVALUATE, Lab


def test_the_first_model_becomes_champion(lab: Lab) -> None:
    result = lab.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("promoted", 1, 0)
    outcomes = {rule["rule"]: rule["outcome"] for rule in result["verdict"]["rules"]}
    assert outcomes == {"accuracy > baseline": "skipped", "size <= 100": "pass"}
    assert lab.champion() == 1


def test_a_better_model_is_promoted(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.8)
    commit = lab.commit("better")
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 2)
    [newest, oldest] = lab.versions()
    assert newest["commit"] == commit
    assert newest["aliases"] == ["champion"]
    assert oldest["aliases"] == []


def test_a_worse_model_is_registered_with_its_verdict_and_refused(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.4)
    lab.commit("worse")
    result = lab.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("refused", 2, 1)
    assert lab.champion() == 1
    assert lab.versions()[0]["judgements"][0]["outcome"] == "fail"


def test_a_difference_that_may_be_noise_is_inconclusive(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.61, seed=1)
    lab.commit("noise")
    result = lab.ci()
    assert (result["outcome"], result["code"]) == ("inconclusive", 1)
    assert lab.champion() == 1


def test_a_readme_change_trains_nothing_and_registers_nothing(lab: Lab) -> None:
    lab.ci()
    lab.write("README.md", "another text\n")
    commit = lab.commit("readme")
    result = lab.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("unchanged", 1, 0)
    assert [version["links"] for version in lab.versions()] == [[commit]]
    run = lab.run("runs", "show", result["run"], "--json").json
    assert {step["status"] for step in run["steps"]} == {"reused"}


def test_running_the_same_commit_again_changes_nothing(lab: Lab) -> None:
    lab.ci()
    history = lab.run("models", "history", "coin", "--json").json
    assert lab.ci()["outcome"] == "unchanged"
    assert lab.run("models", "history", "coin", "--json").json == history


def test_a_refusal_stays_a_refusal_when_the_job_runs_again(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.4)
    lab.commit("worse")
    first, again = lab.ci(), lab.ci()
    assert (again["outcome"], again["code"], again["verdict"]) == ("refused", 1, first["verdict"])
    assert len(lab.versions()) == 2


def test_a_readme_change_on_top_of_a_refused_model_is_unchanged(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.4)
    lab.commit("worse")
    lab.ci()
    lab.write("README.md", "another text\n")
    lab.commit("readme")
    result = lab.ci()
    assert (result["outcome"], result["version"], result["code"]) == ("unchanged", 2, 0)
    assert lab.champion() == 1


def test_new_rules_judge_a_known_model_again(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.61, seed=1)
    lab.commit("noise")
    assert lab.ci()["outcome"] == "inconclusive"
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= baseline - 0.1")
    lab.commit("other rules")
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 2)
    assert len(lab.versions()) == 2


def test_going_back_to_an_older_recipe_promotes_the_older_version_for_the_new_commit(lab: Lab) -> None:
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= baseline - 0.5")
    lab.commit("generous")
    lab.ci()
    lab.skill(0.8)
    lab.commit("better")
    lab.ci()
    lab.skill(0.6)
    reverted = lab.commit("revert")
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 1)
    last = lab.run("models", "history", "coin", "--json").json[-1]
    assert (last["op"], last["commit"]) == ("alias", reverted)


def test_a_late_job_of_an_older_commit_is_superseded(lab: Lab) -> None:
    older = lab.git("rev-parse", "HEAD")
    lab.skill(0.8)
    lab.commit("newer")
    lab.ci()
    lab.git("checkout", "--quiet", "-B", "main", older)
    result = lab.ci()
    assert (result["outcome"], result["code"]) == ("superseded", 0)
    assert lab.champion() == 1


def test_diverged_history_is_a_conflict_that_says_how_to_go_on(lab: Lab) -> None:
    root = lab.git("rev-parse", "HEAD")
    lab.skill(0.7)
    lab.commit("one way")
    lab.ci()
    lab.git("checkout", "--quiet", "-B", "main", root)
    lab.skill(0.9)
    lab.commit("another way")
    done = lab.run("ci")
    assert done.code == 4
    assert "does not descend" in done.err
    assert "mlops-ci promote coin@v2" in done.err
    assert lab.champion() == 1


def test_new_data_without_a_commit_makes_a_new_version_of_the_same_commit(lab: Lab) -> None:
    lab.write(".gitignore", "data/\n")
    lab.git("rm", "--quiet", "-r", "--cached", "data")
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= 0.5")
    commit = lab.commit("data outside git")
    lab.ci()
    lab.write_rows(500)
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 2)
    assert [version["commit"] for version in lab.versions()] == [commit, commit]
    assert lab.run("models", "show", f"coin@{commit[:10]}", "--json").json["version"] == 2


def test_a_dirty_tree_is_reported_and_never_registered(lab: Lab) -> None:
    lab.skill(0.9)
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("passed", None)
    assert lab.versions() == []
    run = lab.run("runs", "show", result["run"], "--json").json
    assert run["dirty"]["paths"] == ["params.yaml"]
    assert "+  skill: 0.9" in run["dirty"]["diff"]


def test_without_gate_rules_a_model_is_registered_and_not_promoted(lab: Lab) -> None:
    text = (lab.folder / "mlops.yaml").read_text()
    lab.write("mlops.yaml", text[: text.index("gate:")])
    lab.commit("no gate")
    result = lab.ci()
    assert (result["outcome"], result["version"], result["verdict"]) == ("passed", 1, None)
    assert lab.champion() is None


def test_on_inconclusive_allow_promotes_what_the_data_cannot_tell(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.61, seed=1)
    lab.commit("noise")
    assert lab.ci("--on-inconclusive", "allow")["outcome"] == "promoted"


def test_a_late_job_does_not_overtake_a_commit_that_came_back_to_the_champions_recipe(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.8)
    between = lab.commit("another recipe")
    lab.skill(0.6)
    lab.commit("back")
    assert lab.ci()["outcome"] == "unchanged"
    lab.git("checkout", "--quiet", "-B", "main", between)
    assert lab.ci()["outcome"] == "superseded"
    assert lab.champion() == 1


def test_a_champion_whose_commit_was_rewritten_away_is_diverged_history(lab: Lab) -> None:
    lab.ci()
    lab.git("checkout", "--quiet", "--orphan", "anew")
    lab.skill(0.8)
    lab.commit("rewritten")
    lab.git("branch", "--quiet", "--force", "main", "anew")
    lab.git("checkout", "--quiet", "main")
    lab.git("branch", "--quiet", "-D", "anew")
    lab.git("reflog", "expire", "--expire=now", "--all")
    lab.git("gc", "--quiet", "--prune=now")
    done = lab.run("ci")
    assert (done.code, "does not descend" in done.err) == (4, True), done.err


def test_a_rollback_survives_the_old_job_again_and_a_readme_change(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.8)
    lab.commit("better")
    lab.ci()
    assert lab.run("promote", "coin@v1", "--rollback", "--reason", "it crashed").code == 0
    assert lab.ci()["outcome"] == "unchanged"
    lab.write("README.md", "another text\n")
    lab.commit("readme")
    assert lab.ci()["outcome"] == "unchanged"
    assert lab.champion() == 1


def test_a_mended_evaluation_is_judged_again(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.8)
    good = (lab.folder / "evaluate.py").read_text()
    lab.write("evaluate.py", good.replace('{"size": 10}', "{}"))
    lab.commit("better, and a number forgotten")
    assert lab.ci()["outcome"] == "refused"
    lab.write("evaluate.py", good)
    lab.commit("with the number")
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 2)


def test_new_test_rows_are_recorded_for_the_champion_so_that_the_next_model_is_paired(lab: Lab) -> None:
    lab.edit("mlops.yaml", "    data: [rows]\n    params: [train]\n", "    params: [train]\n")
    lab.edit("train.py", 'open("data/rows.csv").readline()\n', "")
    lab.commit("training reads no rows")
    lab.ci()
    lab.write_rows(600)
    lab.commit("more test rows")
    assert lab.ci()["outcome"] == "unchanged"
    lab.skill(0.8)
    lab.commit("better")
    result = lab.ci()
    assert (result["outcome"], result["verdict"]["rows"]) == ("promoted", 600)


def test_a_change_of_the_models_files_makes_a_new_version(lab: Lab) -> None:
    lab.ci()
    lab.edit("mlops.yaml", "files: [build/model.txt]", "files: [build/model.txt, build/metrics.json]")
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy >= baseline - 0.1")
    lab.commit("one file more")
    result = lab.ci()
    assert (result["outcome"], result["version"]) == ("promoted", 2)
    assert len(lab.versions()[0]["files"]) == 2


def test_a_file_that_changes_during_the_run_is_never_registered(lab: Lab) -> None:
    lab.write("evaluate.py", f"open({str(lab.folder / 'train.py')!r}, 'a').write('# changed')\n" + EVALUATE)
    lab.commit("a step that meddles")
    done = lab.run("ci")
    assert (done.code, "the checkout changed during the run" in done.err) == (4, True)
    assert lab.versions() == []


def test_an_output_that_git_tracks_is_refused(lab: Lab) -> None:
    lab.write("build/model.txt", "0.99 0")
    lab.git("add", "--force", "build/model.txt")
    lab.commit("a model in git")
    done = lab.run("ci")
    assert (done.code, "git tracks 'build/model.txt', which is an output" in done.err) == (2, True)


def test_the_branch_that_releases_has_to_be_known(lab: Lab) -> None:
    lab.git("branch", "--move", "main", "trunk")
    assert lab.ci()["outcome"] == "promoted"
    lab.git("switch", "--quiet", "--create", "idea")
    done = lab.run("ci")
    assert (done.code, "--default-branch" in done.err) == (2, True)
    lab.skill(0.8)
    lab.commit("better")
    assert lab.ci("--default-branch", "trunk")["outcome"] == "passed"
    assert len(lab.versions()) == 1


def test_a_report_is_written_when_the_entries_that_it_names_are(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or another job could take their place in the log, and leave it speaking of a version that is somebody else's."""
    there: list[list[int]] = []

    def write(session: Session, *values: Any, **named: Any) -> Report:
        there.append(list(session.log().read().versions))
        return write_report(session, *values, **named)

    monkeypatch.setattr(default_branch, "write_report", write)
    lab.ci()
    assert there == [[1]]
