"""What a host does not let us do, and a workspace that would be gone: one line each, and a second try gets through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.parts.azure_devops import CREATE_RELEASES, QUEUE_BUILDS, FakeAzureDevOps, Pipeline
from tests.support.lab import Lab

Mend = Callable[[FakeAzureDevOps], object]


@dataclass(frozen=True)
class Case:
    """A receiver, what is wrong with it, what is said of that, and what puts it right."""

    name: str
    line: str
    code: int
    says: str
    mend: Mend | None
    denied: str = ""
    below: str = ""


def _pipeline(number: int) -> Mend:
    return lambda azure: azure.add_pipeline(Pipeline(number, "deploy", azure.project, azure.repository))


def _allow(azure: FakeAzureDevOps) -> None:
    azure.denied.clear()


CASES = [
    Case("no such pipeline", "azure: acme/ml/8", 2, "The build pipeline 8 does not exist", _pipeline(8)),
    Case("may not queue", "azure: acme/ml/7", 3, "Queue builds", _allow, QUEUE_BUILDS),
    Case(
        "may not release", "azure-release: acme/ml/7, artifact: m", 3, "reate releases", None, CREATE_RELEASES, "/vsrm"
    ),
    Case("no such project", "azure: acme/none/7", 2, "project does not exist: none", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_azure_is_explained_in_one_line(lab_with_champion: Lab, case: Case) -> None:
    lab = lab_with_champion
    with FakeAzureDevOps.started() as azure:
        azure.add_pipeline(Pipeline(7, "deploy", azure.project, azure.repository))
        azure.denied = {case.denied}
        config = (lab.folder / "mlops.yaml").read_text()
        lab.write("mlops.yaml", f"{config}triggers:\n  model-promoted:\n    - {{name: x, {case.line}}}\n")
        env = {"SYSTEM_ACCESSTOKEN": azure.token, "MLOPS_CI_AZURE_DEVOPS_URL": azure.endpoint + case.below}
        done = lab.run("events", "test", "x", env=env)
        assert done.code == case.code, done.err
        (complaint,) = done.complaints
        assert complaint.startswith(f"mlops-ci: error[{case.code}]: ")
        assert case.says in done.err and "trigger x" in done.err and azure.token not in done.err
        if case.mend:
            case.mend(azure)
            assert lab.run("events", "test", "x", env=env).code == 0
        assert azure.violations == []


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "TF_BUILD"])
def test_a_workspace_in_the_checkout_of_a_host_is_refused_before_anything_runs(lab: Lab, variable: str) -> None:
    host = {
        "GITHUB_ACTIONS": {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"},
        "TF_BUILD": {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "IndividualCI"},
    }[variable]
    lab.write("../event.json", '{"ref": "refs/heads/main", "repository": {"default_branch": "main"}}')
    env = {variable: "true", "GITHUB_EVENT_PATH": str(lab.folder.parent / "event.json"), **host}
    done = lab.run("ci", env=env)
    assert done.code == 2, done.out + done.err
    [line] = [line for line in done.err.splitlines() if "error[2]" in line]
    assert "workspace" in line
    assert not lab.workspace.exists() and not (lab.folder / "build").exists()
