"""``init --host``: the workflows of a host, written once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import Golden
from tests.support.lab import PROJECT, Lab

REF = "acme/mlops-ci@" + "9" * 40
MODEL = ".github/workflows/model.yml"
COMMENT = ".github/workflows/mlops-ci-comment.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Lab:
    """A repository without any commit, on a branch that is not called main."""
    lab = Lab.existing(tmp_path / "churn")
    lab.folder.mkdir()
    lab.git("init", "--quiet", "--initial-branch=trunk")
    return lab


def read(lab: Lab, path: str) -> str:
    return (lab.folder / path).read_text("utf-8")


@pytest.mark.parametrize(
    ("host", "options", "files"),
    [
        ("github", ("--ref", REF), {MODEL, COMMENT}),
        ("github", ("--hardened", "--ref", REF), {MODEL, COMMENT, ".github/workflows/train-and-publish.yml"}),
        ("azure", (), {"azure-pipelines.yml"}),
        ("azure", ("--hardened", "--ref", "acme/mlops-ci@v1.2.3"), {"azure-pipelines.yml"}),
    ],
)
def test_a_repository_gets_its_project_file_and_the_workflows_of_its_host(
    repository: Lab, golden: Golden, host: str, options: tuple[str, ...], files: set[str]
) -> None:
    done = repository.run("init", "--host", host, *options)
    assert done.code == 0, done.err
    written = {path.relative_to(repository.folder).as_posix() for path in repository.folder.rglob("*.y*ml")}
    assert written == files | {"mlops.yaml"}
    said = done.out.replace(str(repository.folder), "churn")
    golden(f"init-{host}{'-hardened' if '--hardened' in options else ''}.txt", said)
    text = read(repository, "azure-pipelines.yml" if host == "azure" else MODEL)
    assert "trunk" in text
    assert "ORG" not in text


@pytest.mark.parametrize("host", ["github", "azure"])
@pytest.mark.parametrize("name", ["shop", "2024", "true"])
def test_the_workflow_that_deploys_is_written_by_itself(lab: Lab, golden: Golden, host: str, name: str) -> None:
    deploy = f"deploy:\n  laptop: {{target: process}}\n  '{name}': {{target: kubernetes}}\n"
    lab.write("mlops.yaml", PROJECT + deploy)
    done = lab.run("init", "--host", host, "--deploy", *(["--ref", REF] if host == "github" else []))
    assert done.code == 0, done.err
    file = "azure-pipelines-deploy.yml" if host == "azure" else ".github/workflows/deploy.yml"
    assert {path.relative_to(lab.folder).as_posix() for path in lab.folder.rglob("*.yml")} == {file}
    if name == "shop":
        golden(f"init-{host}-deploy.txt", done.out.replace(str(lab.folder), "churn"))
    jobs = yaml.safe_load(read(lab, file))["jobs"]
    if host == "github":
        assert [job.get("environment") for job in jobs.values()] == [name, name, None]
        assert [job["steps"][-1]["with"]["name"] for job in jobs.values()] == [name] * 3
    else:
        steps = [*jobs[0]["strategy"]["runOnce"]["deploy"]["steps"], *jobs[1]["steps"]]
        assert [step["inputs"]["name"] for step in steps if "task" in step] == [name] * 3
        assert jobs[0]["environment"] == name


def test_the_actions_are_pinned_as_asked(repository: Lab) -> None:
    repository.run("init", "--host", "github", "--ref", REF)
    assert f"uses: acme/mlops-ci/actions/ci@{'9' * 40}\n" in read(repository, MODEL)
    assert f"uses: acme/mlops-ci/actions/comment@{'9' * 40}\n" in read(repository, COMMENT)


def test_a_tag_is_taken_with_a_word_of_warning(repository: Lab) -> None:
    done = repository.run("init", "--host", "github", "--ref", "acme/mlops-ci@v1.2.3")
    assert "acme/mlops-ci@v1.2.3; a tag can be moved" in done.out


def test_a_workspace_that_the_project_names_is_asked_credentials_for_and_git_is_not_mentioned(lab: Lab) -> None:
    lab.write("mlops.yaml", PROJECT + "workspace: s3://bucket/models\n")
    done = lab.run("init", "--host", "github", "--ref", REF)
    assert "the workspace's credentials" in done.out
    assert "git+origin" not in done.out
    assert "require the check 'mlops-ci / coin'" in done.out


def test_what_is_there_is_not_overwritten_and_nothing_else_is_written(repository: Lab) -> None:
    repository.write(COMMENT, "mine\n")
    done = repository.run("init", "--host", "github", "--ref", REF)
    assert (done.code, done.out) == (2, "")
    assert "mlops-ci-comment.yml exists already" in done.err
    assert read(repository, COMMENT) == "mine\n"
    assert {path.name for path in repository.folder.rglob("*.y*ml")} == {"mlops-ci-comment.yml"}


def test_a_project_that_is_there_stays_and_decides_the_workflow(lab: Lab) -> None:
    text = PROJECT.replace("    run: python train.py\n", "    run: python train.py\n    runs_on: gpu\n")
    lab.write("mlops.yaml", text + "workspace: s3://bucket/models\n")
    done = lab.run("init", "--host", "github", "--ref", REF)
    assert done.code == 0, done.err
    workflow = read(lab, MODEL)
    assert "fromJSON(needs.plan.outputs.matrix)" in workflow
    assert "git+origin" not in workflow.replace("# the workspace git+origin", "")
    assert read(lab, "mlops.yaml").endswith("workspace: s3://bucket/models\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--ref", "v1"), "--ref; add --host"),
        (("--hardened",), "--hardened; add --host"),
        (("--deploy",), "--deploy; add --host"),
        (("--host", "github", "--deploy", "--ref", REF), "there is nothing to deploy to"),
        (("--host", "github", "--deploy", "--hardened"), "the workflow that deploys runs no code of yours"),
        (("--host", "github", "--ref", "acme/mlops-ci@v1 || true"), "not a commit or a tag"),
        (("--host", "github", "--ref", "a/b/c@v1"), "not a repository on GitHub"),
        (("--host", "github", "--ref", "acme/mlops-ci@a..b"), "not a commit or a tag"),
        (("--host", "azure", "--ref", REF), "the pipeline names no version of mlops-ci"),
        (("--host", "azure", "--hardened", "--ref", REF), "Azure Pipelines takes no commit of another repository"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(repository: Lab, arguments: tuple[str, ...], message: str) -> None:
    done = repository.run("init", *arguments)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert message in done.err
    assert not list(repository.folder.rglob("*.y*ml"))


@pytest.mark.parametrize("branch", ["release/1.0", "ma+in", "!main", "a]b", "x'\"y"])
def test_a_branch_of_any_name_is_that_branch_and_no_pattern(tmp_path: Path, branch: str) -> None:
    lab = Lab.existing(tmp_path / "churn")
    lab.folder.mkdir()
    lab.git("init", "--quiet", f"--initial-branch={branch}")
    assert lab.run("init", "--host", "github", "--ref", REF).code == 0
    workflow = yaml.safe_load(read(lab, MODEL))
    [pattern] = workflow[True]["push"]["branches"]  # YAML 1.1 reads "on" so
    assert pattern.replace("\\", "") == branch
    assert (pattern == branch) is not any(sign in branch for sign in "!+*?[]")


def test_a_project_below_the_top_is_told_what_to_do(lab: Lab) -> None:
    lab.write("models/mlops.yaml", PROJECT)
    done = lab.run("init", "--host", "github", "--ref", REF, "--project", "models")
    assert done.code == 2
    assert "only for a project at the top of its repository" in done.err
