"""One declaration, three faces: what is generated is what was declared, and it is up to date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mlops_ci.cli.options import argument, json_option, option
from mlops_ci.faces.generate import everything, generated, stale, write
from mlops_ci.faces.inputs import command_of, inputs_of
from mlops_ci.faces.task import Output, Task
from mlops_ci.faces.tasks import TASKS
from mlops_ci.workflows.pins import PINS

ROOT = Path(__file__).parents[2]
FILES = generated()
ACTIONS = {path: yaml.safe_load(text) for path, text in FILES.items() if path.endswith("action.yml")}


@click.group()
def verbs() -> None: ...


@verbs.command()
@argument("model")
@option("--rule", "rules", multiple=True, metavar="RULE", help="What it has to be; repeatable.")
@option("--on-inconclusive", type=click.Choice(["block", "allow"]), default="block", help="If nobody can tell.")
@option("--predictions", type=click.Path(), help="A file.  [default: the newest]")
@option("--force", is_flag=True, help="Do it.")
@json_option
def weigh(**values: Any) -> None: ...


@verbs.group()
def scale() -> None: ...


@scale.command()
@option("--unit", help="Such as kg.")
def calibrate(**values: Any) -> None: ...


WEIGH = Task(
    "weigh", "Weigh a model", "Says how heavy it is.", (Output("full-weight", "In bytes."),), frozenset({"as_json"})
)


def test_nothing_is_stale() -> None:
    assert stale(ROOT, everything()) == [], "run make generate, and review the diff"


def test_what_nobody_declares_any_more_is_stale(tmp_path: Path) -> None:
    write(tmp_path, generated([WEIGH], verbs))
    assert stale(tmp_path, generated([WEIGH], verbs)) == []
    assert stale(tmp_path, {}) == ["actions/weigh/action.yml", "pipelines/tasks/MlopsWeigh/task.json"]
    (tmp_path / "docs/tasks.md").write_text("changed by hand")
    assert stale(tmp_path, generated([WEIGH], verbs)) == ["docs/tasks.md"]


def test_a_verb_of_a_group_has_an_action_of_another_name() -> None:
    files = generated([Task("scale calibrate", "Calibrate a scale", "Makes it right.", called="calibrate")], verbs)
    action = yaml.safe_load(files["actions/calibrate/action.yml"])
    assert "unit" in action["inputs"]
    assert 'exec "$MLOPS_CI_COMMAND" scale calibrate' in [step.get("run") for step in action["runs"]["steps"]]
    assert json.loads(files["pipelines/tasks/MlopsCalibrate/task.json"])["name"] == "MlopsCalibrate"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_verb_starts_with_what_its_task_installs(task: Task) -> None:
    blocked = {"gate": ["numpy", "scipy", "polars"]}
    missing = [name for extra, names in blocked.items() if extra not in task.extras for name in names]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({missing}))\n"
        f"from mlops_ci.cli.main import cli; cli.get_command(None, {task.declared_by.split()[0]!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_task_is_one_declaration() -> None:
    files = generated([WEIGH], verbs)
    assert set(files) == {"docs/tasks.md", "actions/weigh/action.yml", "pipelines/tasks/MlopsWeigh/task.json"}
    action = yaml.safe_load(files["actions/weigh/action.yml"])
    task = json.loads(files["pipelines/tasks/MlopsWeigh/task.json"])
    names = ["model", "rule", "on-inconclusive", "predictions", "force"]
    assert list(action["inputs"]) == [*names, "token", "working-directory", "cache"]
    assert (action["inputs"]["model"]["required"], action["inputs"]["rule"]["required"]) == (True, False)
    [verb] = [step for step in action["runs"]["steps"] if step.get("id") == "verb"]
    assert verb["env"]["MLOPS_CI_ON_INCONCLUSIVE"] == ("${{ inputs.on-inconclusive || env.MLOPS_CI_ON_INCONCLUSIVE }}")
    assert action["outputs"]["full-weight"]["value"] == "${{ steps.verb.outputs.full-weight }}"
    assert [(given["name"], given["type"]) for given in task["inputs"]] == [
        ("workspaceConnection", "connectedService:mlops-workspace"), ("model", "string"), ("rule", "multiLine"),
        ("onInconclusive", "pickList"), ("predictions", "filePath"), ("force", "boolean"),
        ("workingDirectory", "filePath"),
    ]  # fmt: skip
    assert task["outputVariables"] == [{"name": "fullWeight", "description": "In bytes."}]
    page = files["docs/tasks.md"]
    assert "| `--on-inconclusive` | `on-inconclusive` | `onInconclusive` | `MLOPS_CI_ON_INCONCLUSIVE` |" in page
    assert "| `MODEL` | `model` | `model` | `MLOPS_CI_MODEL` |" in page
    assert "A file. Default: the newest." in page


def test_an_option_without_its_variable_cannot_be_an_input() -> None:
    with pytest.raises(LookupError, match="--json has no variable"):
        inputs_of(Task("weigh", "", ""), verbs)
    with pytest.raises(LookupError, match="there is no verb 'measure'"):
        inputs_of(Task("measure", "", ""), verbs)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_what_a_task_leaves_out_is_about_printing(task: Task) -> None:
    left_out = [given for given in command_of(task).params if given.name in task.leave_out]
    assert {given.name for given in left_out} <= {"as_json", "quiet", "markdown", "dry_run", "to_debug"}


@pytest.mark.parametrize("path", ACTIONS)
def test_no_expression_is_in_a_script_and_every_value_comes_by_its_variable(path: str) -> None:
    action = ACTIONS[path]
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        if "run" in step:
            assert "${{" not in step["run"]
            assert step["run"].startswith("exec ")  # so that a signal reaches Python
            assert (step["shell"], step["working-directory"]) == ("bash", "${{ inputs.working-directory }}")


@pytest.mark.parametrize("path", ACTIONS)
def test_what_is_used_is_pinned_and_says_which_release_it_is(path: str) -> None:
    uses = re.findall(r"uses: (.+)", FILES[path])
    assert uses
    for used in uses:
        assert re.fullmatch(r"actions/[a-z/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)


def test_the_pins_are_whole_commits() -> None:
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit, _ in PINS.values())


def test_the_root_action_is_ci_as_a_marketplace_wants_it() -> None:
    root, ci = ACTIONS["action.yml"], ACTIONS["actions/ci/action.yml"]
    assert root["inputs"] == ci["inputs"]
    assert {"name", "description", "branding"} <= set(root)
    assert len(root["description"]) <= 125
    assert "$GITHUB_ACTION_PATH/actions/setup" in FILES["action.yml"]


def test_titles_are_unique() -> None:
    assert len({task.title for task in TASKS}) == len(TASKS)
