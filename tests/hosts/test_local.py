"""What is particular to a laptop."""

from __future__ import annotations

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import select_host
from tests.hosts.hosts import Repository


@pytest.mark.parametrize(
    ("repository", "says"),
    [
        (Repository(None), "HEAD is detached"),
        (Repository("idea", default_branch=None), "which branch releases"),
        (Repository("idea", tip=None), "this clone does not have main"),
    ],
)
def test_what_cannot_be_known_is_asked_for(repository: Repository, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        select_host("local", {}, print).context(repository)
    assert raised.value.hint


def test_a_detached_head_is_a_branch_that_does_not_release_where_that_is_allowed() -> None:
    context = select_host("local", {}, print, detached=True).context(Repository(None))
    assert (context.event, context.branch, context.releases) == ("pull_request", None, False)
