"""A team with nothing but its git repository: the whole journey of a commit, its workspace on ``origin``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts.git_http import Repository
from tests.support.lab import Lab
from tests.workspace.git_remote.conftest import git


@pytest.fixture
def team(lab: Lab, remote: Repository) -> Lab:
    lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text() + "workspace: git+origin\n")
    lab.commit("keep the workspace in git")
    lab.git("remote", "add", "origin", remote.url)
    lab.git("push", "--quiet", "origin", "main")
    return lab


def test_a_model_is_trained_registered_and_promoted_in_a_git_remote(
    team: Lab, remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert team.run("ci", "--host", "local").code == 0
    assert not (team.folder / ".mlops").exists()
    assert team.git("status", "--porcelain") == ""
    clone = tmp_path / "colleague"
    git(tmp_path, "clone", "--quiet", remote.url, str(clone))
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "other-machine"))
    shown = Lab.existing(clone).run("models", "show", "coin@champion", "--json")
    assert shown.code == 0, shown.err
    assert (shown.json["version"], shown.json["aliases"]) == (1, ["champion"])
    checked = Lab.existing(clone).run("workspace", "check")
    assert checked.code == 0, checked.out + checked.err
    assert remote.git("fsck", "--strict", "--no-dangling") == ""
