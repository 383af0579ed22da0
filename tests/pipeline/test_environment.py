"""Environments: locked with hashes, kept, and built only when a step really runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab
from tests.support.wheels import write_wheel

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


class Boxed:
    """A project with an environment, an index of wheels, and a place for what gets built."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.wheels = folder / "wheels"
        self.built = folder / "built"
        self.env = {
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_CACHE_DIR": str(folder / "uv"),
            "UV_PYTHON": sys.executable,
            "MLOPS_CI_CACHE_DIR": str(self.built),
        }
        write_wheel(self.wheels, "gadget", "1.0")
        lab.write("mlops.yaml", PROJECT)
        lab.write("look.txt", "x")
        lab.write("requirements.txt", "gadget\n")
        lab.commit()

    def run(self, *arguments: str) -> Any:
        """Run the pipeline and return the record."""
        done = self.lab.run("run", "--json", *arguments, env=self.env)
        assert done.code == 0, done.err
        return done.json


@pytest.fixture
def boxed(lab: Lab, tmp_path: Path) -> Boxed:
    return Boxed(lab, tmp_path)


def test_requirements_are_locked_with_hashes_and_built_apart(boxed: Boxed) -> None:
    run = boxed.run("--restore")
    assert (boxed.lab.folder / "version.txt").read_text() == "1.0\n"
    assert run["environment"]["kind"] == "pip"
    assert "gadget==1.0" in run["environment"]["text"]
    assert "--hash=sha256:" in run["environment"]["text"]


def test_a_new_release_changes_nothing_until_the_requirements_change(boxed: Boxed) -> None:
    before = boxed.run()
    write_wheel(boxed.wheels, "gadget", "2.0")
    again = boxed.run()
    assert again["environment"] == before["environment"]
    assert again["steps"][0]["status"] == "reused"
    boxed.lab.write("requirements.txt", "gadget>=1\n")
    assert "gadget==2.0" in boxed.run()["environment"]["text"]


def test_nothing_is_installed_when_nothing_runs(boxed: Boxed) -> None:
    boxed.run()
    boxed.env["MLOPS_CI_CACHE_DIR"] = str(boxed.built) + "-elsewhere"
    assert boxed.run()["steps"][0]["status"] == "reused"
    boxed.lab.run("plan", env=boxed.env)
    assert not Path(boxed.env["MLOPS_CI_CACHE_DIR"], "environments").exists()


def test_requirements_that_have_hashes_are_the_lock(boxed: Boxed) -> None:
    text = boxed.run()["environment"]["text"]
    boxed.lab.write("requirements.txt", text)
    assert boxed.run()["environment"]["text"] == text


def test_a_wrong_hash_is_refused(boxed: Boxed) -> None:
    boxed.lab.write("requirements.txt", f"gadget==1.0 --hash=sha256:{'0' * 64}\n")
    done = boxed.lab.run("run", env=boxed.env)
    assert done.code in {2, 3}
    assert len(done.err.splitlines()) == 1
    assert "uv failed" in done.err


def test_requirements_that_cannot_be_met_are_a_usage_error(boxed: Boxed) -> None:
    boxed.lab.write("requirements.txt", "no-such-gadget\n")
    done = boxed.lab.run("run", env=boxed.env)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert "no-such-gadget" in done.err


def test_a_build_that_was_interrupted_is_done_again(boxed: Boxed) -> None:
    boxed.run()
    [complete] = (boxed.built / "environments").glob("*/.mlops-ci-complete")
    complete.unlink()
    (complete.parent / "bin" / "python").unlink()
    assert boxed.run("--force")["steps"][0]["status"] == "ran"


def test_included_requirement_files_count(boxed: Boxed) -> None:
    boxed.lab.write("requirements.txt", "-r more.txt\n")
    boxed.lab.write("more.txt", "gadget==1.0\n")
    first = boxed.run()["environment"]["digest"]
    write_wheel(boxed.wheels, "gadget", "3.0")
    boxed.lab.write("more.txt", "gadget==3.0\n")
    assert boxed.run()["environment"]["digest"] != first


def test_without_an_environment_the_installed_packages_stand_in(lab: Lab) -> None:
    lock = lab.run("run", "--json").json["environment"]
    assert lock["kind"] == "interpreter"
    assert "pytest==" in lock["text"]
    assert "mlops-ci==" not in lock["text"]


def test_the_python_of_the_job_stands_in_where_mlops_ci_has_one_of_its_own(lab: Lab, tmp_path: Path) -> None:
    """As in an action: what is installed for the job counts and is used, not what is installed for mlops-ci."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    lab.write(
        "mlops.yaml",
        "version: 1\nmodel: {name: tiny, files: [where.txt]}\nsteps:\n  look:\n    inputs: [look.txt]\n"
        "    run: python -c 'import sys; print(sys.prefix)' > where.txt\n    outputs: [where.txt]\n",
    )
    lab.write("look.txt", "x")
    lab.commit()
    env = {"MLOPS_CI_PYTHON": str(bare / "bin/python")}

    def run(**more: str) -> Any:
        done = lab.run("run", "--json", "--restore", env=env | more)
        assert done.code == 0, done.err
        return done.json

    before = run()
    assert (lab.folder / "where.txt").read_text().strip() == str(bare)
    assert before["environment"]["kind"] == "interpreter"
    [packages] = bare.glob("lib/python3*/site-packages")
    (packages / "gadget-1.0.dist-info").mkdir()
    (packages / "gadget-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: gadget\nVersion: 1.0\n")
    after = run()
    assert (before["steps"][0]["status"], after["steps"][0]["status"]) == ("ran", "ran")
    assert before["environment"]["digest"] != after["environment"]["digest"]
    failed = lab.run("run", env={"MLOPS_CI_PYTHON": "/bin/false"})
    assert (failed.code, "set MLOPS_CI_PYTHON to another" in failed.err) == (2, True)
