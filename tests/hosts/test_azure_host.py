"""How a job of Azure Pipelines speaks to its host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.hosts.azure.credentials import find_credential
from mlops_ci.hosts.azure.host import AzureHost
from mlops_ci.hosts.azure.variables import project_of
from mlops_ci.hosts.host import Host
from mlops_ci.records.conclusion import Annotation
from tests.hosts.azure_agent import Carried, carried_out
from tests.hosts.azure_jobs import AT_GITHUB, AUTHOR, COLLECTION, PULL_REQUEST, PUSH, TIP, Checked

JWT = "eyJ0eXAi.eyJzdWIi.c2lnbmF0dXJl"
MAIN = Checked("main")


class Job:
    """A job, and what it prints."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.host: Host = AzureHost(environ, self.lines.append)

    @property
    def carried(self) -> list[Carried]:
        return carried_out("\n".join(self.lines))


def test_the_context_is_that_of_the_job() -> None:
    assert Job(PULL_REQUEST).host.context(MAIN).commit == AUTHOR
    assert (
        AzureHost(PUSH, print, default_branch="trunk").context(Checked("main", {"trunk": TIP})).event == "pull_request"
    )
    assert AzureHost({}, print, branch="main").context(MAIN).event == "push"


def test_what_is_printed_meanwhile_is_folded() -> None:
    job = Job(PUSH)
    with pytest.raises(ValueError, match="x"), job.host.group("training\n##[endgroup]"):
        job.lines.append("epoch 1")
        raise ValueError("x")
    assert job.lines == ["##[group]training## [endgroup]", "epoch 1", "##[endgroup]"]


def test_outputs_are_variables_of_the_step() -> None:
    job = Job(PUSH)
    job.host.outputs({"promoted": "true", "report-json": '{"a": "50 %;]\n"}'})
    assert job.carried == [
        Carried("task.setvariable", {"variable": "promoted", "isOutput": "true"}, "true"),
        Carried("task.setvariable", {"variable": "reportJson", "isOutput": "true"}, '{"a": "50 %;]\n"}'),
    ]


def test_a_job_that_leaves_percents_alone_gets_none_escaped() -> None:
    job = Job(PUSH | {"DECODE_PERCENTS": "false"})
    job.host.outputs({"share": "50 %"})
    assert job.lines == ["##vso[task.setvariable variable=share;isOutput=true]50 %"]


def test_secrets_are_hidden_line_by_line() -> None:
    job = Job(PUSH)
    job.host.mask("first line\nsecond line")
    assert [carried.data for carried in job.carried] == ["first line", "second line"]


def test_remarks_are_shown_beside_the_run() -> None:
    job = Job(PUSH)
    job.host.annotate(Annotation("error", "worse", file="train.py", line=3))
    job.host.annotate(Annotation("notice", "##vso[task.complete result=Succeeded]"))
    assert [carried.name for carried in job.carried] == ["task.logissue"]


def test_each_summary_is_a_file_that_the_agent_uploads(tmp_path: Path) -> None:
    job = Job(PUSH | {"AGENT_TEMPDIRECTORY": str(tmp_path)})
    job.host.summary("### coin: passed\n")
    job.host.summary("### dice: refused ü\n")
    assert [carried.name for carried in job.carried] == ["task.uploadsummary"] * 2
    files = [Path(carried.data) for carried in job.carried]
    assert len(set(files)) == 2
    assert all(file.is_absolute() and file.parent == tmp_path and file.suffix == ".md" for file in files)
    assert [file.read_text("utf-8") for file in files] == ["### coin: passed\n", "### dice: refused ü\n"]


def test_a_folder_of_any_name_reaches_the_agent(tmp_path: Path) -> None:
    folder = tmp_path / "100%;]"
    folder.mkdir()
    job = Job(PUSH | {"AGENT_TEMPDIRECTORY": str(folder)})
    job.host.summary("x")
    assert Path(job.carried[0].data).read_text() == "x"


def test_a_summary_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match="summary cannot be written") as raised:
        Job(PUSH | {"AGENT_TEMPDIRECTORY": str(tmp_path / "gone")}).host.summary("x")
    assert "AGENT_TEMPDIRECTORY" in raised.value.line()


def test_git_shows_the_token_to_the_organisation_alone(tmp_path: Path) -> None:
    settings = Job(PUSH | {"SYSTEM_ACCESSTOKEN": JWT}).host.git_settings()
    assert settings == {f"http.{COLLECTION}.extraheader": f"AUTHORIZATION: Bearer {JWT}"}
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": next(iter(settings)), "GIT_CONFIG_VALUE_0": JWT}

    def shown(address: str) -> str:
        asked = ["git", "config", "--get-urlmatch", "http.extraheader", address]
        environ = os.environ | given
        return subprocess.run(
            asked, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        ).stdout.strip()

    assert shown("https://acme@dev.azure.com/acme/ml/_git/models") == JWT
    for other in (
        "https://dev.azure.com/other/x",
        "https://dev.azure.com.evil.example/acme/",
        "http://dev.azure.com/acme/",
    ):
        assert shown(other) == ""


@pytest.mark.parametrize("job", [PUSH, AT_GITHUB | {"SYSTEM_ACCESSTOKEN": JWT}], ids=["no token", "at GitHub"])
def test_git_gets_no_credential_where_there_is_none_for_it(job: dict[str, str]) -> None:
    assert Job(job).host.git_settings() == {}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        (PULL_REQUEST, "env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}"),
        (PUSH, "env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}"),
        (AT_GITHUB | {"SYSTEM_ACCESSTOKEN": JWT}, "the pull request lies at GitHub"),
        (
            PULL_REQUEST | {"SYSTEM_ACCESSTOKEN": JWT, "SYSTEM_COLLECTIONURI": ""},
            "does not say where its repository lies",
        ),
    ],
)
def test_a_job_that_cannot_comment_says_once_why_and_goes_on(environ: dict[str, str], says: str) -> None:
    job = Job(environ)
    context = job.host.context(MAIN)
    assert job.host.reviews(context) is None
    assert job.host.reviews(context) is None
    [line] = job.lines
    assert says in line
    assert carried_out(line) == []


def test_a_push_to_a_repository_elsewhere_is_no_occasion_to_speak_of_comments() -> None:
    job = Job(PUSH | {"BUILD_REPOSITORY_PROVIDER": "GitHub"})
    assert job.host.reviews(job.host.context(MAIN)) is None
    assert job.lines == []


def test_a_job_with_its_token_mapped_has_reviews() -> None:
    job = Job(PULL_REQUEST | {"SYSTEM_ACCESSTOKEN": JWT})
    assert job.host.reviews(job.host.context(MAIN)) is not None


def test_a_credential_does_not_show_in_its_representation() -> None:
    credential = find_credential({"MLOPS_CI_TOKEN": "very-secret"})
    assert credential
    assert "very-secret" not in repr(credential)


@pytest.mark.parametrize(
    ("collection", "address", "project"),
    [
        (COLLECTION, "https://acme@dev.azure.com/acme/Data%20Science/_git/ml", "Data Science"),
        (COLLECTION, "https://dev.azure.com/acme/_git/ml", "ml"),
        ("https://acme.visualstudio.com/", "https://acme.visualstudio.com/DefaultCollection/_git/ml", "ml"),
        ("https://acme.visualstudio.com/", "https://acme.visualstudio.com/other/_git/ml", "other"),
        ("https://tfs/tfs/DefaultCollection/", "https://tfs/tfs/DefaultCollection/other/_git/ml", "other"),
        (COLLECTION, "", PUSH["SYSTEM_TEAMPROJECTID"]),
    ],
)
def test_a_repository_may_lie_in_another_project_than_the_pipeline(collection: str, address: str, project: str) -> None:
    assert project_of(PUSH | {"SYSTEM_COLLECTIONURI": collection, "BUILD_REPOSITORY_URI": address}) == project
