"""Steps that run once for each seed: what runs, what is cached, and whose outputs are whose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lab import Lab

# The folder that `train` writes has another file for each seed, so that a mixture would be seen.
SEEDED = """\
version: 1
model: {name: dice, files: [build/model]}
steps:
  rows: {run: seq 4 > build/rows, inputs: [rows.txt], outputs: [build/rows]}
  train:
    run: mkdir build/model; echo $MLOPS_CI_SEED >> build/model/seed-$MLOPS_CI_SEED; cat train.txt build/rows
    inputs: [train.txt, build/rows]
    seeds: 3
    outputs: [build/model]
  evaluate:
    run: |
      files=$(ls build/model | wc -l)
      printf '{"files": %d, "luck": %d, "told": %d}' $files $(cat build/model/*) ${MLOPS_CI_SEED:-9} > n.json
    inputs: [build/model]
    outputs: [n.json]
  card: {run: cat build/model/* > card.txt, inputs: [build/model], outputs: [card.txt]}
evaluation: {step: evaluate, metrics: n.json}
"""


@pytest.fixture
def dice(lab: Lab) -> Lab:
    lab.write("mlops.yaml", SEEDED)
    lab.write("rows.txt", "4")
    lab.write("train.txt", "well")
    lab.commit()
    return lab


def record(lab: Lab, *arguments: str) -> dict[str, Any]:
    done = lab.run("run", "--json", "--host", "local", *arguments)
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


def statuses(run: dict[str, Any]) -> dict[tuple[str, int | None], str]:
    return {(step["name"], step["seed"]): step["status"] for step in run["steps"]}


def set_seeds(lab: Lab, number: int) -> None:
    text = (lab.folder / "mlops.yaml").read_text()
    lab.write("mlops.yaml", text.replace("seeds: 3", f"seeds: {number}"))
    lab.commit()


def planned(lab: Lab) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in lab.run("plan", "--json", "--host", "local").json["steps"]}


def test_a_step_with_seeds_and_what_the_evaluation_makes_of_it_run_once_for_each(dice: Lab) -> None:
    run = record(dice, "--restore")
    assert list(statuses(run)) == [
        ("rows", None), ("train", 0), ("evaluate", 0), ("card", None),
        ("train", 1), ("evaluate", 1), ("train", 2), ("evaluate", 2),
    ]  # fmt: skip
    assert run["evaluation"]["seeds"] == {"files": [1.0, 1.0, 1.0], "luck": [0.0, 1.0, 2.0], "told": [9.0, 9.0, 9.0]}
    assert run["metrics"] == {"files": 1.0, "luck": 0.0, "told": 9.0}
    assert [file["path"] for file in run["model"]] == ["build/model/seed-0"]
    assert (dice.folder / "card.txt").read_text() == "0\n"
    assert [path.name for path in (dice.folder / "build/model").iterdir()] == ["seed-0"]


def test_raising_the_number_of_seeds_runs_the_new_ones_and_makes_no_other_model(dice: Lab) -> None:
    set_seeds(dice, 1)
    first = record(dice)
    assert first["evaluation"]["seeds"] == {}
    assert first["metrics"]["luck"] == 0, "a single seed is told, too"
    dice.edit("mlops.yaml", "seeds: 1", "seeds: 2")
    second = record(dice)
    assert {key for key, status in statuses(second).items() if status == "ran"} == {("train", 1), ("evaluate", 1)}
    assert second["fingerprint"] == first["fingerprint"]
    assert second["evaluation"]["seeds"]["luck"] == [0.0, 1.0]
    assert set(statuses(record(dice)).values()) == {"reused"}


def test_giving_a_step_its_first_seed_trains_again_as_it_can_see_it(dice: Lab) -> None:
    dice.edit("mlops.yaml", "    seeds: 3\n", "")
    dice.edit("mlops.yaml", "echo $MLOPS_CI_SEED >>", "echo ${MLOPS_CI_SEED:-7} >>")
    dice.edit("mlops.yaml", "seed-$MLOPS_CI_SEED", "seed-0")
    before = record(dice)
    assert before["metrics"]["luck"] == 7
    dice.edit("mlops.yaml", "    outputs: [build/model]", "    outputs: [build/model]\n    seeds: 1")
    assert planned(dice)["train"]["reasons"] == ["MLOPS_CI_SEED (none) → 0"]
    after = record(dice)
    assert (statuses(after)["train", None], after["metrics"]["luck"]) == ("ran", 0)
    assert after["fingerprint"] != before["fingerprint"]


def test_the_plan_says_how_many_seeds_are_known(dice: Lab) -> None:
    steps = planned(dice)
    assert steps["train"]["reasons"] == ["0 of 3 seeds cached", "after rows"]
    set_seeds(dice, 2)
    record(dice)
    dice.edit("mlops.yaml", "seeds: 2", "seeds: 3")
    steps = planned(dice)
    assert [steps[name]["action"] for name in ("rows", "train", "evaluate", "card")] == [
        "reuse", "run", "depends", "reuse",
    ]  # fmt: skip
    assert (steps["train"]["cached"], steps["train"]["seeds"]) == (2, 3)
    assert steps["train"]["reasons"] == ["2 of 3 seeds cached"]
    assert steps["evaluate"]["reasons"] == ["2 of 3 seeds cached", "after train"]
    record(dice)
    assert {step["action"] for step in planned(dice).values()} == {"reuse"}


def test_only_a_step_means_all_its_seeds(dice: Lab) -> None:
    assert [seed for name, seed in statuses(record(dice, "--only", "train")) if name == "train"] == [0, 1, 2]
    assert statuses(record(dice))["train", 2] == "reused"


def test_a_seed_that_fails_fails_the_run_and_is_named(dice: Lab) -> None:
    dice.edit("mlops.yaml", "run: mkdir build/model;", "run: mkdir build/model; test $MLOPS_CI_SEED -ne 1;")
    done = dice.run("run", "--host", "local")
    assert done.code == 2
    assert done.err == "mlops-ci: error[2]: step train (seed 1) failed with exit code 1; its log is above\n"
    assert done.out.index("train (seed 0) | ran") < done.out.index("train (seed 1) | runs"), "one after the other"
    found = dice.run("runs", "list", "--json").json[0]
    assert statuses(found)["train", 0] == "ran"
    assert (statuses(found)["train", 1], statuses(found)["evaluate", 2]) == ("failed", "not run")


def test_the_timeout_is_that_of_each_seed(dice: Lab) -> None:
    dice.edit("mlops.yaml", "run: mkdir build/model;", "run: mkdir build/model; test $MLOPS_CI_SEED -ne 2 || sleep 60;")
    dice.edit("mlops.yaml", "    seeds: 3\n", "    seeds: 3\n    timeout: 4s\n")
    done = dice.run("run", "--host", "local")
    assert "step train (seed 2) ran longer than its timeout of 4 s" in done.err


def test_two_steps_with_seeds_run_in_step(dice: Lab) -> None:
    dice.edit("mlops.yaml", "  evaluate:\n", "  evaluate:\n    seeds: 3\n")
    assert record(dice)["evaluation"]["seeds"]["told"] == [0.0, 1.0, 2.0]


def test_a_damaged_result_of_a_further_seed_is_made_again(dice: Lab) -> None:
    record(dice)
    [damaged] = [path for path in (dice.workspace / "cache/objects").iterdir() if b'"luck": 2' in path.read_bytes()]
    damaged.write_bytes(b"rotten")
    again = record(dice)
    assert {key for key, status in statuses(again).items() if status == "ran"} == {("evaluate", 2)}
    assert again["evaluation"]["seeds"]["luck"] == [0.0, 1.0, 2.0]


def test_seeds_that_make_the_same_model_share_its_evaluation(dice: Lab) -> None:
    dice.edit("mlops.yaml", "echo $MLOPS_CI_SEED >> build/model/seed-$MLOPS_CI_SEED", "echo 5 >> build/model/same")
    run = record(dice)
    assert statuses(run)["evaluate", 1] == statuses(run)["evaluate", 2] == "reused"
    assert run["evaluation"]["seeds"]["luck"] == [5.0, 5.0, 5.0]
