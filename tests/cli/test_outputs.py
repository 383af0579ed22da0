"""What verbs hand on to later steps, as GitHub reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.lab import Lab


@pytest.fixture
def registered(tmp_path: Path) -> tuple[Lab, dict[str, str]]:
    """A project, and the environment of a job with a workspace that lasts."""
    lab = Lab(tmp_path / "coin")
    lab.commit()
    env = {"GITHUB_ACTIONS": "true", "MLOPS_CI_WORKSPACE": str(tmp_path / "kept"), "MLOPS_CI_MODEL": "coin"}
    return lab, env


def outputs(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+)<<(?:\S+)\n(.*)\n", file.read_text(), re.MULTILINE))


def test_register_and_promote_take_variables_and_hand_on_the_version(
    registered: tuple[Lab, dict[str, str]], tmp_path: Path
) -> None:
    lab, env = registered
    lab.write("model.txt", "weights")
    first = {"MLOPS_CI_FILE": "model.txt\n", "GITHUB_OUTPUT": str(tmp_path / "register")}
    done = lab.run("register", env=env | first)
    assert done.code == 0, done.err
    assert outputs(tmp_path / "register") == {"model": "coin", "version": "1"}
    for attempt, changed in (("1", "true"), ("2", "false")):
        second = {"MLOPS_CI_REFERENCE": "coin@v1", "GITHUB_OUTPUT": str(tmp_path / attempt)}
        done = lab.run("promote", env=env | second)
        assert done.code == 0, done.err
        assert outputs(tmp_path / attempt) == {"model": "coin", "version": "1", "changed": changed}
