"""The demo, for real: five commits, each through ``mlops-ci ci``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mlops_ci.lifecycle.demo_story import STORY
from tests.support.lab import Lab


def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    lab = Lab.existing(tmp_path)
    done = lab.run("demo", "--folder", "flights", env={"COLUMNS": "80"})
    if (
        done.code
        and re.search(r"uv failed: .*(fetch|connect|dns)", done.err)
        and not os.environ.get("MLOPS_CI_REQUIRE_PARTS")
    ):
        pytest.skip("no package index can be reached, and the demo installs scikit-learn")
    assert done.code == 0, done.err
    for chapter in STORY:
        assert chapter.message in done.out
    assert re.findall(r"exit code (\d)", done.out) == [str(chapter.exit_code) for chapter in STORY]
    assert max(map(len, done.out.splitlines())) <= 80
    kept = Lab.existing(tmp_path / "flights")
    assert kept.champion() == 2
    assert [version["version"] for version in kept.versions()] == [4, 3, 2, 1]
    assert kept.git("status", "--porcelain") == ""
    assert kept.run("workspace", "check").code == 0


def test_the_demo_leaves_a_folder_alone_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = Lab.existing(tmp_path).run("demo", "--folder", ".")
    assert (done.code, "the folder is not empty" in done.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
