"""What every host has to get right; a new adapter joins ``HOSTS``."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.hosts.select import is_ephemeral, select_host

HOSTS = ["local"]
BASE = "b" * 40


@dataclass(frozen=True)
class Repository:
    """A repository with a branch checked out."""

    branch: str | None
    default_branch: str | None = "main"
    tip: str | None = BASE

    def branch_commit(self, branch: str) -> str | None:
        return self.tip


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return select_host(request.param, {"USER": "somebody"}, print)


def test_the_default_branch_is_a_push_without_a_base(host: Host) -> None:
    context = host.context(Repository("main"))
    assert (context.event, context.branch, context.base) == ("push", "main", None)
    assert context.actor.name == "somebody"


def test_any_other_branch_is_a_pull_request_judged_by_the_default_branchs_tip(host: Host) -> None:
    context = host.context(Repository("idea"))
    assert (context.event, context.default_branch, context.base) == ("pull_request", "main", BASE)


@pytest.mark.parametrize(
    ("repository", "says"),
    [
        (Repository(None), "HEAD is detached"),
        (Repository("idea", default_branch=None), "which branch releases"),
        (Repository("idea", tip=None), "this clone does not have main"),
    ],
)
def test_what_cannot_be_known_is_asked_for(host: Host, repository: Repository, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        host.context(repository)
    assert raised.value.hint


def test_foreign_text_commands_nothing(host: Host) -> None:
    assert host.neutralise("a\x1b[2Jb\tc\r") == "a[2Jb\tc"


def test_only_a_ci_machine_is_ephemeral_and_only_unless_told_otherwise() -> None:
    assert is_ephemeral("auto", {"GITHUB_ACTIONS": "true"})
    assert is_ephemeral("auto", {"TF_BUILD": "True"})
    assert not is_ephemeral("auto", {})
    assert not is_ephemeral("local", {"CI": "true"})
