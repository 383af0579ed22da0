"""A past commit beside the present: its files and software, with data of today or of then."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.past_commit import past_cache, past_commit
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.run import Conductor
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from tests.support.lab import Lab, tree_bytes
from tests.support.sessions import Silent, session_of
from tests.support.wheels import write_wheel

Data = Literal["today", "then"]
PROJECT = """\
version: 1
model: {name: tiny, files: [version.txt]}
environment: {pip: requirements.txt}
steps:
  look:
    run: python -c 'import gadget; print(gadget.VERSION)' > version.txt
    inputs: [look.txt]
    outputs: [version.txt]
"""


def made(session: Session, sha: str, lock: EnvironmentLock | None, data: Data, path: str) -> tuple[str, dict[str, str]]:
    """An output of a past commit, and how its steps have ended."""
    progress = Silent()
    with past_commit(session, sha, lock, data=data) as past:
        workshop = past.workshop(session, progress)
        result = Conductor(workshop, past_cache(session), "a-run", wanted=[path]).run()
        assert result.error is None, result.error
        return workshop.materials.path(result.outputs()[path]).read_text(), progress.ended


def test_the_code_and_parameters_are_those_of_then_and_the_data_of_either(lab: Lab) -> None:
    then = lab.git("rev-parse", "HEAD")
    lab.git("mv", "data/rows.csv", "data/renamed.csv")
    lab.edit("mlops.yaml", "data/rows.csv", "data/renamed.csv")
    lab.edit("train.py", "data/rows.csv", "data/renamed.csv")
    lab.edit("evaluate.py", "data/rows.csv", "data/renamed.csv")
    lab.write("data/renamed.csv", "id,target\nonly,1\n")
    lab.skill(0.9)
    lab.commit("renamed")
    session = session_of(lab)
    before = tree_bytes(lab.folder / ".git")
    predictions, _ = made(session, then, None, "today", "build/predictions.csv")
    assert predictions.splitlines()[1:] in (["only,1,1"], ["only,1,0"])
    predictions, _ = made(session, then, None, "then", "build/predictions.csv")
    assert len(predictions.splitlines()) == 401
    model, ended = made(session, then, None, "then", "build/model.txt")
    assert model == "0.6 0"
    assert ended == {"train": "reused", "evaluate": "reused"}
    assert tree_bytes(lab.folder / ".git") == before
    assert session.cache.last("train", None) is None


def test_data_that_git_does_not_have_come_from_the_checkout(lab: Lab) -> None:
    lab.write(".gitignore", "data/\n.mlops/\n")
    lab.git("rm", "--quiet", "--cached", "data/rows.csv")
    then = lab.commit("data elsewhere")
    session = session_of(lab)
    predictions, _ = made(session, then, None, "then", "build/predictions.csv")
    assert len(predictions.splitlines()) == 401
    lab.edit("mlops.yaml", "rows: {path: data/rows.csv}", "others: {path: data/others.csv}")
    lab.edit("mlops.yaml", "data: [rows]", "data: [others]")
    shutil.move(lab.folder / "data/rows.csv", lab.folder / "data/others.csv")
    with (
        pytest.raises(UsageError, match=r"'data/rows\.csv' does not exist"),
        past_commit(session_of(lab), then, None, data="today"),
    ):
        pass


def test_the_software_is_the_one_on_record_whatever_is_there_now(lab: Lab, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    env = {
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON": sys.executable,
        "MLOPS_CI_CACHE_DIR": str(tmp_path / "built"),
    }
    write_wheel(wheels, "gadget", "1.0")
    lab.write("mlops.yaml", PROJECT)
    lab.write("look.txt", "x")
    lab.write("requirements.txt", "gadget\n")
    then = lab.commit("a gadget")
    lock = session_of(lab, env).resolver.environment.lock()
    write_wheel(wheels, "gadget", "2.0")
    lab.write("requirements.txt", "gadget==2.0\n")
    lab.commit("a newer gadget")
    shutil.rmtree(lab.workspace)
    session = session_of(lab, env)
    assert made(session, then, lock, "then", "version.txt")[0] == "1.0\n"
    assert made(session, then, None, "then", "version.txt")[0] == "2.0\n"


def test_a_folder_of_which_the_commit_has_only_a_placeholder_is_that_of_the_checkout(lab: Lab) -> None:
    lab.write(".gitignore", "data/*\n!data/.gitkeep\n.mlops/\n")
    lab.write("data/.gitkeep", "")
    lab.git("rm", "--quiet", "--cached", "data/rows.csv")
    lab.edit("mlops.yaml", "data/rows.csv", "data")
    then = lab.commit("data elsewhere")
    session = session_of(lab)
    was = {name: version.digest for name, version in session.resolver.datasets.items()}
    for digests in (was, {"rows": "sha256:0"}):
        with past_commit(session, then, None, data="then", digests=digests) as past:
            assert (past.resolver.datasets["rows"].digest == was["rows"]) == (digests == was)


def test_what_is_built_of_a_lock_that_lacks_something_is_never_taken_for_what_was_locked(lab: Lab) -> None:
    lab.write("requirements.txt", "gadget==1.0 --hash=sha256:1\n")
    lab.edit("mlops.yaml", "params: params.yaml", "params: params.yaml\nenvironment: {pip: requirements.txt}")
    then = lab.commit("a gadget")
    session = session_of(lab)
    locked = session.resolver.environment.lock()
    text = "--index-url https://***@somewhere\ngadget==1.0 --hash=sha256:1\n"
    for lock, digest in (
        (locked, locked.digest),
        (replace(locked, text=text), locked.digest),  # the commit's own file has what the record lacks
        (replace(locked, text=text, digest="sha256:0"), digest_of_bytes(text.encode())),
    ):
        with past_commit(session, then, lock, data="then") as past:
            assert past.resolver.environment.lock().digest == digest


def test_what_an_interpreter_has_not_any_more_is_said(lab: Lab) -> None:
    session = session_of(lab)
    here = session.resolver.environment.lock()
    text = "click==0.1\nlong-gone==1.0\n" + "".join(
        line for line in here.text.splitlines(keepends=True) if not line.startswith("click==")
    )
    recorded = replace(here, text=text, digest=digest_of_bytes(text.encode()))
    with past_commit(session, session.commit.sha, recorded, data="then") as past:
        changed = {change.name: (change.before, change.after is None) for change in past.software}
    assert changed == {"click": ("0.1", False), "long-gone": ("1.0", True)}


def test_a_pointer_without_its_content_is_named_when_a_step_reads_it(lab: Lab) -> None:
    lab.write("train.py", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3\n")
    then = lab.commit("a pointer")
    session = session_of(lab)
    with past_commit(session, then, None, data="today") as past:
        assert past.resolver.inputs(past.project.step("evaluate"), {"build/model.txt": "sha256:0"}).command
        with pytest.raises(UsageError, match=r"'train\.py' is a pointer of Git LFS"):
            past.resolver.model_fingerprint()


def test_a_commit_without_the_project_is_said(lab: Lab) -> None:
    lab.git("mv", "mlops.yaml", "other.yaml")
    then = lab.commit("no project")
    lab.git("mv", "other.yaml", "mlops.yaml")
    lab.commit("a project")
    with pytest.raises(UsageError, match=r"has no mlops\.yaml"), past_commit(session_of(lab), then, None, data="then"):
        pass


def test_a_project_file_of_the_past_that_is_a_link_is_refused(lab: Lab) -> None:
    lab.git("mv", "mlops.yaml", "other.yaml")
    (lab.folder / "mlops.yaml").symlink_to("other.yaml")
    then = lab.commit("a link")
    (lab.folder / "mlops.yaml").unlink()
    lab.git("mv", "other.yaml", "mlops.yaml")
    lab.commit("a project")
    with (
        pytest.raises(UsageError, match=r"'mlops\.yaml' is a link"),
        past_commit(session_of(lab), then, None, data="then"),
    ):
        pass


def test_what_a_past_project_includes_is_read_as_it_was_and_its_notebooks_can_run(lab: Lab) -> None:
    lab.write("models/one/mlops.yaml", "version: 1\nmodel: {name: one, files: [m]}\ninclude: [../../shared.yaml]\n")
    lab.write("models/one/n.ipynb", '{"nbformat": 4, "cells": []}')
    lab.write("shared.yaml", "steps:\n  make: {notebook: n.ipynb, inputs: [], outputs: [m]}\n")
    then = lab.commit("with a notebook")
    lab.write("shared.yaml", "steps:\n  make: {run: echo now > m, inputs: [], outputs: [m]}\n")
    lab.commit("with a script")
    session = session_of(lab, project="models/one")
    assert session.project.step("make").notebook is None
    with past_commit(session, then, None, data="then") as past:
        step = past.project.step("make")
        assert (step.notebook, past.project.includes) == ("n.ipynb", ("../../shared.yaml",))
        assert past.resolver.environment_of(step) is not past.resolver.environment
        assert set(past.resolver.inputs(step, {}).files) == {"n.ipynb"}
