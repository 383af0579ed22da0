"""``init`` and ``validate``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.lifecycle.initial import write_initial_project
from tests.support.lab import Lab


def test_what_init_writes_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / "My Model!"
    folder.mkdir()
    (folder / "requirements.txt").write_text("scikit-learn\n")
    lab = Lab.existing(folder)
    assert lab.run("init").code == 0
    done = lab.run("validate")
    assert (done.code, done.out) == (0, "mlops.yaml is valid: model my-model, steps train, 1 gate rule\n")
    assert "pip: requirements.txt" in (folder / "mlops.yaml").read_text()


def test_init_names_what_the_folder_has(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text("")
    lab = Lab.existing(tmp_path)
    lab.run("init")
    text = (tmp_path / "mlops.yaml").read_text()
    assert "run: python src/train.py" in text
    assert "inputs: [src]" in text


def test_init_finds_the_notebook_of_a_folder_without_scripts(tmp_path: Path) -> None:
    (tmp_path / "Churn 2.ipynb").touch()
    (tmp_path / "churn.ipynb").touch()
    text = write_initial_project(tmp_path).read_text()
    assert "    notebook: churn.ipynb " in text and "    inputs: [churn.ipynb] " in text


def test_several_models_have_a_project_file_each(lab: Lab) -> None:
    text = (lab.folder / "mlops.yaml").read_text()
    lab.write("other.yaml", text.replace("name: coin", "name: dice"))
    lab.commit()
    assert lab.ci()["model"] == "coin"
    assert lab.ci("--project", "other.yaml")["model"] == "dice"
    assert sorted(version["model"] for version in lab.versions()) == ["coin", "dice"]


@pytest.mark.parametrize("place", ["s4://bucket/x", "s3:/bucket", "git+orign", "az://models/x?colour=red"])
def test_validate_looks_at_where_the_workspace_is_said_to_be(lab: Lab, place: str) -> None:
    lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text() + f"workspace: {place}\n")
    done = lab.run("validate")
    assert done.code == 2, done.out
    assert len(done.err.splitlines()) == 1


def test_who_has_no_repository_yet_is_told_to_make_one(tmp_path: Path) -> None:
    lab = Lab.existing(tmp_path / "churn")
    lab.folder.mkdir()
    assert "git init, git commit" in lab.run("init").out
