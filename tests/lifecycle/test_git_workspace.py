"""The journey where all that belongs together is one push."""

from __future__ import annotations

import pytest

from tests.support.lab import Lab

REF = "refs/mlops-ci/workspace"


@pytest.fixture
def remote(lab: Lab) -> Lab:
    """The lab, with its workspace in its own remote."""
    lab.git("init", "--quiet", "--bare", "../remote.git")
    lab.git("remote", "add", "origin", "../remote.git")
    lab.edit("mlops.yaml", "version: 1\n", "version: 1\nworkspace: git+origin\n")
    lab.commit("keep the workspace in git")
    return lab


def pushes(lab: Lab) -> int:
    return int(lab.git("--git-dir=../remote.git", "rev-list", "--count", REF))


def test_a_journey_is_one_push(remote: Lab) -> None:
    assert remote.ci()["outcome"] == "promoted"
    before = pushes(remote)
    remote.skill(0.9)
    remote.commit()
    assert remote.ci()["outcome"] == "promoted"
    assert pushes(remote) == before + 1


def test_a_conflict_leaves_the_version_registered_so_that_a_person_can_promote_it(remote: Lab) -> None:
    first = remote.git("rev-parse", "HEAD")
    remote.skill(0.6)
    remote.commit()
    remote.ci()
    remote.git("reset", "--quiet", "--hard", first)
    remote.skill(0.9)
    remote.commit("another history")
    done = remote.run("ci")
    assert done.code == 4, done.err
    assert [version["version"] for version in remote.versions()] == [2, 1]
    assert remote.run("promote", "coin@v2").code == 0
    assert remote.run("runs", "list", "--json").json[0]["status"] == "succeeded"
