"""Import from GTO's tags: made by the real GTO, and by hand for what it makes hard to make."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from mlops_ci.exchange.gto_tags import GitTag, precedence, read_tags
from tests.exchange.conftest import Cli, files, versions
from tests.parts.environment import environment
from tests.support.lab import git_environment, tree_bytes


class Repository:
    """A repository with models in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 1_700_000_000
        self.last_second = 0
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        return self._run("git", *arguments)

    def gto(self, *arguments: str) -> str:
        # The tags of GTO have the time of the clock in whole seconds, and it cannot tell those of one second apart.
        while int(time.time()) <= self.last_second:
            time.sleep(0.02)
        try:
            return self._run(str(environment("gto", "gto>=1.9,<2", "setuptools<81") / "gto"), *arguments)
        finally:
            self.last_second = int(time.time())

    def commit(self, **contents: str) -> str:
        for name, content in contents.items():
            file = self.folder / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str, message: str = "by hand") -> None:
        self.git("tag", "--annotate", "--message", message, name)

    def _run(self, *command: str) -> str:
        self.time += 10  # tags are in the order of their whole seconds
        date = {"GIT_COMMITTER_DATE": f"{self.time} +0000", "GIT_AUTHOR_DATE": f"{self.time} +0000"}
        done = subprocess.run(
            command, cwd=self.folder, env=git_environment() | date, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


INDEX = "churn:\n  type: model\n  path: models/churn.bin\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def import_(cli: Cli, repository: Repository, *more: str) -> list[str]:
    done = cli("models", "import", "gto", str(repository.folder), *more)
    assert done.code == 0, done.err
    return done.out.splitlines()


@pytest.mark.xdist_group("gto")
def test_what_gto_registered_and_assigned_is_here(cli: Cli, repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(artifacts_yaml=INDEX, models__churn_bin="one")
    repository.gto("register", "churn", "--message", "the first")
    repository.gto("assign", "churn", "--version", "v0.0.1", "--stage", "dev")
    second = repository.commit(models__churn_bin="two")
    repository.gto("register", "churn", "--bump-major")
    repository.gto("assign", "churn", "--version", "v1.0.0", "--stage", "prod")
    repository.gto("assign", "churn", "--version", "v1.0.0", "--stage", "gone")
    repository.gto("deprecate", "churn", "v1.0.0", "gone")
    repository.commit(models__churn_bin="three")
    repository.gto("register", "churn")
    repository.gto("deprecate", "churn", "v1.0.1")
    repository.commit(other="x")
    repository.gto("register", "old")
    repository.gto("deprecate", "old")
    assert import_(cli, repository) == [
        "churn: version v0.0.1 imported as v1",
        "churn: version v1.0.0 imported as v2",
        "churn: alias dev is now v1",
        "churn: alias prod is now v2",
    ]
    one, two = versions(cli, "churn")
    assert (one["commit"], two["commit"]) == (first, second)
    assert one["tags"] == {
        "gto.author": "tester",
        "gto.created": one["tags"]["gto.created"],
        "gto.description": "the first",
        "gto.tag": "churn@v0.0.1",
        "gto.version": "v0.0.1",
    }
    assert files(cli, "churn@dev", tmp_path / "1") == {"churn.bin": b"one"}
    assert files(cli, "churn@prod", tmp_path / "2") == {"churn.bin": b"two"}
    # GTO's own reading of the same tags is ours.
    shown = json.loads(repository.gto("show", "churn", "--json"))
    registered = [item for item in shown if item["version"].startswith("v")]
    assert {item["version"]: sorted(stage["stage"] for stage in item["stages"]) for item in registered} == {
        "v0.0.1": ["dev"], "v1.0.0": ["prod"],
    }  # fmt: skip
    before = tree_bytes(tmp_path / "here/ws")
    assert "churn: alias prod is v2" in import_(cli, repository)
    assert tree_bytes(tmp_path / "here/ws") == before


@pytest.mark.xdist_group("gto")
def test_a_stage_that_has_several_versions_names_the_last_as_gto_does(cli: Cli, repository: Repository) -> None:
    repository.commit(artifacts_yaml=INDEX, models__churn_bin="one")
    repository.gto("register", "churn", "--version", "v2.0.0")
    repository.gto("assign", "churn", "--version", "v2.0.0", "--stage", "prod")
    repository.commit(models__churn_bin="two")
    repository.gto("register", "churn", "--version", "v10.0.0-rc.1")
    repository.gto("assign", "churn", "--version", "v10.0.0-rc.1", "--stage", "prod")
    repository.commit(models__churn_bin="three")
    repository.gto("register", "churn", "--version", "v1.9.0")
    repository.gto("assign", "churn", "--version", "v1.9.0", "--stage", "prod")
    for again, here in (("v1.9.0", 3), ("v10.0.0-rc.1", 2), ("v2.0.0", 1)):
        if again != "v1.9.0":
            repository.gto("assign", "churn", "--version", again, "--stage", "prod", "--force")
        [shown] = json.loads(repository.gto("show", "churn#prod", "--json"))
        assert shown["version"] == again
        assert import_(cli, repository)[-1] == f"churn: alias prod is now v{here}"


def test_a_stage_moves_with_its_tags(cli: Cli, repository: Repository) -> None:
    repository.commit(artifacts_yaml=INDEX, models__churn_bin="one")
    for tag in ("churn@v1.0.0", "churn#prod#1"):
        repository.tag(tag)
    assert import_(cli, repository)[-1] == "churn: alias prod is now v1"
    repository.commit(models__churn_bin="two")
    for tag in ("churn@v1.1.0", "churn#prod#2"):
        repository.tag(tag)
    assert import_(cli, repository)[-1] == "churn: alias prod is now v2"
    repository.tag("churn#prod!#3")
    assert import_(cli, repository)[-1] == "churn: alias prod is now v1"


def test_artifacts_in_folders_and_folders_as_artifacts(cli: Cli, repository: Repository, tmp_path: Path) -> None:
    repository.commit(
        teams__a__dvc_yaml="artifacts:\n  bert: {path: out/bert}\n",
        teams__a__out__bert__weights_bin="w",
        teams__a__out__bert__sub__config_json="{}",
    )
    repository.tag("teams/a=bert@v1.0.0")
    assert import_(cli, repository, "--as", "bert") == ["bert: version v1.0.0 imported as v1"]
    assert versions(cli, "bert")[0]["tags"]["gto.name"] == "teams/a:bert"
    assert files(cli, "bert@v1", tmp_path / "out") == {"bert/weights.bin": b"w", "bert/sub/config.json": b"{}"}


def test_other_tags_are_not_gtos(cli: Cli, repository: Repository) -> None:
    repository.commit(artifacts_yaml=INDEX, models__churn_bin="one")
    for tag in ("v1.0.0", "churn-v1", "churn@1.0", "churn@v1", "churn@v01.0.0"):
        repository.tag(tag)
    repository.git("tag", "churn@v5.0.0")  # GTO takes no notice of lightweight tags
    done = cli("models", "import", "gto", str(repository.folder))
    assert (done.code, "there are no models" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ({"artifacts_yaml": "other: {path: x}\n"}, "has no path for it"),
        ({"artifacts_yaml": "- a list\n"}, "has no path for it"),
        ({"artifacts_yaml": "{{{\n"}, "is no YAML"),
        ({"artifacts_yaml": INDEX}, "models/churn.bin is not in commit"),
        ({"artifacts_yaml": INDEX, "models__churn_bin_dvc": "outs: []\n"}, "it is kept by DVC"),
        (
            {"artifacts_yaml": INDEX, "models__churn_bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0"},
            "is kept by Git LFS",
        ),
    ],
)
def test_files_that_git_does_not_have(cli: Cli, repository: Repository, contents: dict[str, str], reason: str) -> None:
    repository.commit(**contents)
    repository.tag("churn@v1.0.0")
    repository.commit(artifacts_yaml=INDEX, models__churn_bin="two")
    repository.tag("churn@v1.1.0")
    done = cli("models", "import", "gto", str(repository.folder))
    assert done.code == 3
    lost, found = done.out.splitlines()
    assert lost.startswith("churn: version v1.0.0 skipped: ")
    assert reason in lost
    assert found == "churn: version v1.1.0 imported as v1"


def test_a_link_is_no_model(cli: Cli, repository: Repository) -> None:
    (repository.folder / "models").mkdir()
    (repository.folder / "models/churn.bin").symlink_to("/etc/passwd")
    repository.commit(artifacts_yaml=INDEX)
    repository.tag("churn@v1.0.0")
    done = cli("models", "import", "gto", str(repository.folder))
    assert (done.code, "is no file but a link" in done.out) == (3, True)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret"])
def test_a_path_out_of_the_repository_is_refused(cli: Cli, repository: Repository, path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    repository.commit(artifacts_yaml=f"churn: {{path: {path}}}\n")
    repository.tag("churn@v1.0.0")
    done = cli("models", "import", "gto", str(repository.folder))
    assert (done.code, "has a path outside the repository" in done.err) == (5, True), done.err


def test_a_stage_of_a_commit_without_a_version_is_told(cli: Cli, repository: Repository) -> None:
    repository.commit(artifacts_yaml=INDEX, models__churn_bin="one")
    repository.tag("churn@v1.0.0")
    lost = repository.commit(models__churn_bin="two")
    repository.tag("churn#prod#1")
    assert import_(cli, repository)[-1] == f"churn: stage prod is given to commit {lost[:7]}, which has no version"


def test_a_folder_without_a_repository(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    done = cli("models", "import", "gto")
    assert (done.code, "not a git repository" in done.err) == (2, True)


def test_versions_of_one_second_go_by_their_numbers() -> None:
    tags = [GitTag(f"m@{version}", str(place), 5, "t", "") for place, version in enumerate(["v10.0.0", "v9.0.0"])]
    assert [item.version for item in read_tags(tags)["m"].in_order()] == ["v9.0.0", "v10.0.0"]


def test_of_one_second_the_end_comes_after_the_beginning() -> None:
    # GTO's tags have the time of the clock, and git lists them by name.
    names = ["old@deprecated", "old@v0.0.1", "m#prod", "m#prod!", "m@v0.0.1", "m@v0.0.2", "m@v0.0.2!"]
    artifacts = read_tags(GitTag(name, "c", 5, "t", "") for name in sorted(names))
    assert artifacts["old"].deprecated
    assert (list(artifacts["m"].versions), artifacts["m"].stages()) == (["v0.0.1"], {})


def test_the_order_of_semantic_versions() -> None:
    # semver.org, section 11
    ordered = ["v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11",
               "v1.0.0-rc.1", "v1.0.0", "v2.0.0", "v2.1.0", "v2.1.1"]  # fmt: skip
    assert sorted(set(ordered), key=precedence) == ordered
    assert precedence("v1.0.0+build") == precedence("v1.0.0")
