"""``run`` where nothing changed since it found that nothing had."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops_ci.edge.standing_answer as standing_answer
from mlops_ci.project.project import DEFAULT_WORKSPACE
from tests.support.lab import Lab

UNCHANGED = "nothing changed since run "
Change = Callable[[Lab], object]


@pytest.fixture
def settled(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab that has nothing to do and knows it, as if all its files had been there for long."""
    monkeypatch.setattr(standing_answer, "_COARSEST", -(10**18))
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    lab.write("helpers/a.py", "")
    lab.edit("mlops.yaml", "inputs: [train.py]", "inputs: [train.py, helpers]")
    lab.write(".gitignore", "/ignored\n")
    lab.commit("helpers")
    for _ in range(2):
        done = lab.run("run")
        assert done.code == 0 and UNCHANGED not in done.out
    return lab


def runs(lab: Lab) -> list[str]:
    return [run["id"] for run in lab.run("runs", "list", "--json").json]


def test_it_is_not_done_again_and_says_what_it_said(settled: Lab) -> None:
    before = runs(settled)
    again = settled.run("run")
    assert (again.code, again.err) == (0, "")
    first, *metrics = again.out.splitlines()
    assert first == f"{UNCHANGED}{before[0]}: 2 steps"
    assert metrics[:2] == ["  size 10", "  accuracy 0.635"]
    assert runs(settled) == before


def dataset(lab: Lab) -> None:
    text = (lab.folder / "data" / "rows.csv").read_text()
    (lab.folder / "data" / "rows.csv").write_text(text.replace("r0,0", "r0,1").replace("r1,1", "r1,0"))


def cached(lab: Lab) -> Path:
    return lab.folder / DEFAULT_WORKSPACE / "cache"


CHANGES: dict[str, Change] = {
    "a step": lambda lab: lab.edit("train.py", "trained to", "came to"),
    "a file that git does not know yet": lambda lab: lab.write("helpers/b.py", ""),
    "a dataset": dataset,
    "a parameter": lambda lab: lab.skill(0.7),
    "the project": lambda lab: lab.edit("mlops.yaml", "size <= 100", "size <= 99"),
    "a commit": lambda lab: lab.commit("empty"),
    "a branch": lambda lab: lab.git("switch", "--quiet", "--create", "topic"),
    "what git ignores": lambda lab: lab.write(".gitignore", "/helpers/a.py\n"),
    "the index": lambda lab: lab.git("rm", "--quiet", "--cached", "README.md"),
    "the cache": lambda lab: shutil.rmtree(cached(lab)),
    "the record": lambda lab: shutil.rmtree(cached(lab).parent / "runs" / runs(lab)[0]),
    "the versions": lambda lab: lab.run("ci"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_looks_again_after_a_change_of(settled: Lab, change: Change) -> None:
    assert settled.run("run").out.startswith(UNCHANGED)
    change(settled)
    done = settled.run("run")
    assert done.code == 0, done.err
    assert UNCHANGED not in done.out and "train | " in done.out


def test_another_command_is_another_question(settled: Lab) -> None:
    for _ in range(2):
        assert "train | reused" in settled.run("run", "--only", "train").out
    assert settled.run("run", "--only", "train").out.startswith(UNCHANGED)
    assert settled.run("run").out.startswith(UNCHANGED)


def test_so_is_the_same_with_other_variables(settled: Lab) -> None:
    for env in ({"A": "1"}, {"A": "2"}, {}):
        assert "train | reused" in settled.run("run", env=env).out
        assert settled.run("run", env=env).out.startswith(UNCHANGED)


@pytest.mark.parametrize("option", ["--force", "--restore"])
def test_what_is_to_be_done_is_done_each_time(settled: Lab, option: str) -> None:
    for _ in range(4):
        done = settled.run("run", option)
        assert done.code == 0 and "train | " in done.out
    assert settled.run("runs", "list").code == 0


@pytest.mark.parametrize(
    "env",
    [
        {"MLOPS_CI_STAT_CACHE": "off"},
        {"GITHUB_ACTIONS": "true", "MLOPS_CI_HOST": "local", "MLOPS_CI_WORKSPACE": "../w"},
        {"MLOPS_CI_WORKSPACE": "git+file://{remote}"},
    ],
    ids=["no trust in times", "a service of CI", "a workspace elsewhere"],
)
def test_it_is_always_done_where_an_answer_cannot_stand(settled: Lab, tmp_path: Path, env: dict[str, str]) -> None:
    remote = tmp_path / "remote.git"
    settled.git("init", "--quiet", "--bare", str(remote))
    env = {name: value.format(remote=remote) for name, value in env.items()}
    for _ in range(4):
        done = settled.run("run", env=env)
        assert done.code == 0, done.err
        assert UNCHANGED not in done.out


def test_programs_get_the_record_of_a_run(settled: Lab) -> None:
    for _ in range(4):
        assert json.loads(settled.run("run", "--json").out)["id"] == runs(settled)[0]


def test_a_linked_worktree_is_looked_at_each_time(settled: Lab, tmp_path: Path) -> None:
    settled.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "topic")
    shutil.copytree(settled.folder / "data", tmp_path / "linked" / "data", dirs_exist_ok=True)
    for _ in range(4):
        assert UNCHANGED not in Lab.existing(tmp_path / "linked").run("run").out
