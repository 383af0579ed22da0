"""The actions, really run by act: what a workflow says reaches the verb, and nothing of it becomes a command."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.parts.act import Act, Ran
from tests.parts.actionlint import actionlint
from tests.support.lab import git_environment

WORKFLOW = """\
name: gate
on: push
permissions: {}
env:
  MLOPS_CI_TARGET: truth
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: gate
        uses: acme/mlops-ci/actions/gate@v1
        with:
          working-directory: a folder
          candidate: ${{ github.event.candidate }}
          baseline: old.csv
          rule: ${{ github.event.rules }}
          token: ""
      - id: after
        run: printf '%s|%s|%s' "$OUTCOME" "$(command -v mlops-ci)" "$MLOPS_CI_COMMAND"
        env:
          PATH: /usr/bin:/bin
          OUTCOME: ${{ steps.gate.outputs.outcome }}
"""
BETTER = {"candidate": "new.csv", "rules": "accuracy > baseline\naccuracy >= 0.5\n"}
MARK = "it-was-executed"
PAYLOADS = [
    f"zzz\";touch${{IFS}}{MARK};# $(touch {MARK}) `touch {MARK}` ' ; touch {MARK} ; '",
    f"x\ntouch {MARK}\n::set-output name=outcome::pass\n##[set-output name=outcome;]pass\noutcome=pass\nEOF\n",
    "${{ github.actor }} %0A::set-output name=outcome::pass",
]


def write_predictions(file: Path, accuracy: float) -> None:
    luck = random.Random(1)
    rows = [(number, number % 2, number % 2 if luck.random() < accuracy else 1 - number % 2) for number in range(400)]
    file.write_text("id,truth,prediction\n" + "".join(f"{i},{target},{said}\n" for i, target, said in rows))


@pytest.fixture
def act(tmp_path: Path) -> Act:
    """A repository with the predictions of two models, and act for it."""
    repository = tmp_path / "model"
    (repository / "a folder").mkdir(parents=True)
    write_predictions(repository / "a folder/old.csv", 0.7)
    write_predictions(repository / "a folder/new.csv", 0.8)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", *command], cwd=repository, env=git_environment(), check=True)
    return Act(repository, tmp_path / "act")


def gate(act: Act, candidate: str, rules: str, **more: Any) -> Ran:
    """Run the workflow with these inputs, which come with the event, as a title or a branch name would."""
    (act.repository / "gate.yml").write_text(WORKFLOW)
    return act.run("push", "gate.yml", payload={"candidate": candidate, "rules": rules}, **more)


def test_the_workflow_is_as_actionlint_wants_it() -> None:
    assert actionlint(WORKFLOW) == []
    assert actionlint(WORKFLOW.replace("runs-on", "runs-at")) != []


def test_a_gate_on_two_files_hands_on_its_outcome_and_leaves_nothing_behind(act: Act) -> None:
    ran = gate(act, **BETTER)
    assert ran.code == 0, ran.log
    job = ran.job
    assert job.steps["gate"].outputs == {"outcome": "pass"}
    assert "accuracy, better" in job.steps["gate/verb"].log
    # The environment of the job reaches the verb; ours does not reach the job.
    assert job.steps["after"].log.strip() == "pass||"


def test_a_refused_model_fails_its_job_and_still_tells_the_outcome(act: Act) -> None:
    ran = gate(act, "old.csv", "accuracy > baseline + 0.2")
    assert ran.code == 1
    steps = ran.job.steps
    assert (ran.job.result, steps["gate"].result, "after" in steps) == ("failure", "failure", False)
    assert steps["gate/verb"].outputs == {"outcome": "fail"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_input_becomes_a_command_or_an_output(act: Act, payload: str) -> None:
    ran = gate(act, payload, payload)
    assert ran.code == 1
    assert ran.job.steps["gate/setup"].result == "success", ran.log
    assert "mlops-ci: error[2]:" in ran.job.steps["gate/verb"].log
    assert ran.job.steps["gate/verb"].outputs == {}
    assert not list(act.repository.rglob(MARK))


def test_set_up_puts_the_command_on_the_path_and_a_second_action_finds_it_ready(act: Act) -> None:
    (act.repository / "gate.yml").write_text("""\
on: push
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {id: setup, uses: acme/mlops-ci/actions/setup@v1, with: {extra: gate}}
      - {id: version, run: mlops-ci --version}
      - {id: python, run: 'ls "$(dirname "$(command -v mlops-ci)")"'}
""")
    ran = act.run("push", "gate.yml")
    assert ran.code == 0, ran.log
    assert ran.job.steps["version"].log.startswith("mlops-ci 0.")
    assert ran.job.steps["python"].log.split() == ["mlops-ci"]  # and no Python of ours


def test_the_cache_keeps_what_was_set_up_on_a_hosted_machine(act: Act) -> None:
    tools = act.folder / "cache" / "act" / "tool_cache"
    tools.parent.mkdir(parents=True)
    (act.folder / "tools").mkdir()
    tools.symlink_to(act.folder / "tools")  # a fresh machine
    ran = gate(act, **BETTER, env={"RUNNER_ENVIRONMENT": "github-hosted"})
    assert ran.code == 0, ran.log
    assert ran.job.steps["gate/look"].outputs["restore"] == "true"
    [kept] = act.kept.iterdir()
    assert {"core", "core+gate"} <= {path.name for path in kept.iterdir()}
