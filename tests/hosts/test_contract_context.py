"""What every host has to get right of the event that a job answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import CHOICES, is_ephemeral, select_host
from tests.hosts.hosts import BASE, HOSTS, Push

each_host = pytest.mark.parametrize("push", HOSTS.values(), ids=HOSTS)


@each_host
def test_the_default_branch_is_a_push_without_a_base(push: Push, tmp_path: Path) -> None:
    job, repository = push(tmp_path, "main")
    context = job.host().context(repository)
    assert (context.event, context.branch, context.base, context.releases) == ("push", "main", None, True)
    assert (context.actor.name, context.pull_request) == ("somebody", None)


@each_host
def test_records_that_are_written_outside_a_journey_name_the_same_actor(push: Push, tmp_path: Path) -> None:
    job, repository = push(tmp_path, "main")
    assert job.host().actor() == job.host().context(repository).actor


@each_host
def test_any_other_branch_is_a_pull_request_judged_by_the_default_branchs_tip(push: Push, tmp_path: Path) -> None:
    job, repository = push(tmp_path, "idea/1")
    context = job.host().context(repository)
    assert (context.event, context.branch, context.default_branch, context.base) == (
        "pull_request", "idea/1", "main", BASE,
    )  # fmt: skip
    assert (context.pull_request, context.releases) == (None, False)


@each_host
def test_what_is_said_on_the_command_line_counts(push: Push, tmp_path: Path) -> None:
    job, repository = push(tmp_path, "idea")
    context = job.host(default_branch="idea").context(repository)
    assert (context.event, context.default_branch) == ("push", "idea")
    assert job.host(branch="main").context(repository).event == "push"


@each_host
def test_a_default_branch_that_the_clone_lacks_is_asked_for(push: Push, tmp_path: Path) -> None:
    job, repository = push(tmp_path, "idea")
    with pytest.raises(UsageError, match="this clone does not have main") as raised:
        job.host().context(replace(repository, tip=None))
    assert raised.value.hint


@each_host
def test_a_job_that_speaks_for_itself_speaks_for_no_other(push: Push, tmp_path: Path) -> None:
    assert push(tmp_path, "main")[0].host().workflow_run() is None


@each_host
def test_without_a_credential_there_are_no_pull_requests_and_no_settings_of_git(push: Push, tmp_path: Path) -> None:
    host = push(tmp_path, "main")[0].host()
    assert host.reviews(None) is None
    assert host.git_settings() == {}


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "LocalHost"),
        ({"CI": "true"}, "LocalHost"),
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, "GitHubHost"),
        ({"GITHUB_ACTIONS": "false"}, "LocalHost"),
        ({"TF_BUILD": "True"}, "AzureHost"),
    ],
)
def test_a_host_is_known_by_its_variables(environ: dict[str, str], kind: str) -> None:
    assert type(select_host("auto", environ, print)).__name__ == kind


def test_a_host_may_be_named() -> None:
    assert CHOICES == ("auto", "local", "github", "azure")
    assert type(select_host("github", {}, print)).__name__ == "GitHubHost"
    assert type(select_host("azure", {}, print)).__name__ == "AzureHost"
    assert type(select_host("local", {"GITHUB_ACTIONS": "true"}, print)).__name__ == "LocalHost"


def test_only_a_ci_machine_is_ephemeral_and_only_unless_told_otherwise() -> None:
    assert is_ephemeral("auto", {"GITHUB_ACTIONS": "true"})
    assert is_ephemeral("auto", {"TF_BUILD": "True"})
    assert is_ephemeral("auto", {"CI": "1"})
    assert is_ephemeral("github", {})
    assert not is_ephemeral("auto", {})
    assert not is_ephemeral("local", {"CI": "true"})
