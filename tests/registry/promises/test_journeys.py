"""Whole journeys with the workspace on each storage: promoted, refused, looked at from a second clone, copied."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_ci.lifecycle.copying import copy_workspace
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store
from tests.parts.backends import PARAMETERS
from tests.parts.bucket import Bucket
from tests.parts.git_http import Repository, git_host
from tests.support.lab import Lab, git_environment

PLACES = [*(PARAMETERS[name] for name in ("azure", "gcs", "git", "s3")),
          pytest.param("split", marks=pytest.mark.xdist_group("s3"))]  # fmt: skip


@dataclass
class Team:
    """A project whose repository has a remote, and the ways to its workspace."""

    lab: Lab
    remote: Repository
    open: Callable[[], Store]
    pushed: list[int] = field(default_factory=list)

    def ci(self) -> tuple[str, int]:
        """The outcome of ``ci`` and its exit code; how often it pushed is noted."""
        before = self.remote.pushes()
        done = self.lab.ci()
        self.pushed.append(self.remote.pushes() - before)
        return done["outcome"], done["code"]


@pytest.fixture(params=PLACES)
def team(
    request: pytest.FixtureRequest, lab: Lab, tmp_path: Path, no_cloud: None, monkeypatch: pytest.MonkeyPatch
) -> Team:
    remote, name = git_host().repository(), request.param
    url, files = "git+origin", ""
    if name != "git":
        bucket: Bucket = request.getfixturevalue("s3" if name == "split" else name)
        files = bucket.url(f"tests/{uuid.uuid4().hex}")
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))  # the parts are found by now
    said = {"git": url, "split": f'{{log: git+origin, files: "{files}"}}'}.get(name, files)
    lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text() + f"workspace: {said}\n")
    lab.commit("keep the workspace there")
    lab.git("remote", "add", "origin", remote.url)
    lab.git("push", "--quiet", "origin", "main")

    def open_workspace() -> Store:
        if name == "split":
            return SplitStore(open_store(url, lab.folder), open_store(files, lab.folder))
        return open_store(url if name == "git" else files, lab.folder)

    return Team(lab, remote, open_workspace)


def test_a_team_works_with_its_workspace_there(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, is_git = team.lab, team.open().url.startswith("git+") or isinstance(team.open(), SplitStore)
    assert team.ci() == ("promoted", 0)
    lab.skill(0.4)
    lab.commit("worse")
    assert team.ci() == ("refused", 1)
    assert team.pushed[1] == (1 if is_git else 0)
    assert not lab.workspace.exists()

    before = {item.key for item in team.open().list("")}
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.8)
    lab.commit("better")
    assert team.ci() == ("passed", 0)
    new = {item.key for item in team.open().list("")} - before
    assert new
    assert all(key.startswith("pull-requests/") for key in new)

    lab.git("push", "--quiet", "origin", "main")
    clone = tmp_path / "colleague"
    command = ["git", "clone", "--quiet", "--branch", "main", team.remote.url, str(clone)]
    subprocess.run(command, env=git_environment(), check=True)
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "another machine"))
    colleague = Lab.existing(clone)
    assert colleague.run("models", "list", "--json").json == lab.versions()
    assert [(v["version"], v["aliases"]) for v in lab.versions()] == [(2, []), (1, ["champion"])]
    done = colleague.run("models", "download", "coin@champion", str(tmp_path / "there"))
    assert (done.code, (tmp_path / "there/build/model.txt").read_text()) == (0, "0.6 0"), done.err
    assert colleague.run("workspace", "check", "--read-data").code == 0


def _contents(store: Store) -> dict[str, bytes | None]:
    return {item.key: store.get(item.key) for item in store.list("") if not item.key.startswith("static/")}


@pytest.mark.xdist_group("s3")
def test_a_workspace_travels_from_storage_to_storage_and_stays_the_same(
    lab_with_champion: Lab, tmp_path: Path, no_cloud: None, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    urls = [request.getfixturevalue(name).url(f"tests/{uuid.uuid4().hex}") for name in ("s3", "gcs", "azure")]
    urls += [f"git+{git_host().repository().url}", str(tmp_path / "back")]
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    here = open_store(str(lab_with_champion.workspace), tmp_path)
    truth = _contents(here)
    for url in urls:
        there = open_store(url, tmp_path)
        assert copy_workspace(here, there).models == 1
        assert _contents(there) == truth
        assert copy_workspace(here, there).objects == 0, "a second copy has nothing to do"
        here = there
    shown = lab_with_champion.run("models", "show", "coin@champion", "--json", "--workspace", urls[-1])
    assert (shown.code, shown.json["version"]) == (0, 1)
