"""What would run, and why."""

from __future__ import annotations

from typing import Any

from tests.support.lab import Lab


def plan(lab: Lab, *arguments: str) -> dict[str, Any]:
    return {step["name"]: step for step in lab.run("plan", "--json", *arguments).json["steps"]}


def test_before_the_first_run_everything_runs(lab: Lab) -> None:
    steps = plan(lab)
    assert steps["train"]["action"] == "run"
    assert steps["train"]["reasons"] == ["never run before"]
    assert (steps["evaluate"]["action"], steps["evaluate"]["reasons"]) == ("depends", ["after train"])


def test_afterwards_everything_is_reused_and_its_cost_is_known(lab: Lab) -> None:
    lab.ci()
    steps = plan(lab)
    assert {step["action"] for step in steps.values()} == {"reuse"}
    assert steps["train"]["seconds"] > 0


def test_reasons_name_files_parameters_and_data(lab: Lab) -> None:
    lab.ci()
    lab.skill(0.8)
    lab.write("train.py", (lab.folder / "train.py").read_text() + "# more\n")
    lab.write_rows(401)
    assert plan(lab)["train"]["reasons"] == [
        "train.py changed",
        "dataset rows changed",
        "params.train.skill 0.6 → 0.8",
    ]


def test_a_parameter_that_no_step_declares_changes_nothing(lab: Lab) -> None:
    lab.ci()
    lab.edit("params.yaml", "other: 1", "other: 2")
    assert {step["action"] for step in plan(lab).values()} == {"reuse"}


def test_a_changed_command_is_a_changed_definition(lab: Lab) -> None:
    lab.ci()
    lab.edit("mlops.yaml", "run: python train.py", "run: python -O train.py")
    assert plan(lab)["train"]["reasons"] == ["the step's definition changed"]


def test_planning_runs_nothing_and_writes_no_run(lab: Lab) -> None:
    lab.ci()
    runs = lab.run("runs", "list", "--json").json
    lab.skill(0.9)
    plan(lab)
    assert lab.run("run", "--dry-run").code == 0
    assert lab.run("runs", "list", "--json").json == runs


def test_force_plans_everything(lab: Lab) -> None:
    lab.ci()
    assert plan(lab, "--force")["train"]["reasons"] == ["--force"]


def test_only_limits_the_plan_to_a_step_and_what_it_needs(lab: Lab) -> None:
    assert list(plan(lab, "--only", "train")) == ["train"]
    assert list(plan(lab, "--only", "evaluate")) == ["train", "evaluate"]


def test_an_unknown_step_is_a_usage_error(lab: Lab) -> None:
    done = lab.run("plan", "--only", "trian")
    assert (done.code, done.err) == (
        2,
        "mlops-ci: error[2]: unknown step 'trian'; --only; steps: train, evaluate\n",
    )
