"""A first ``mlops.yaml``, from what a folder has."""

from __future__ import annotations

import re
from pathlib import Path

from mlops_ci.edge.git import Git
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.places import PROJECT_FILE
from mlops_ci.project.load import load_project

_SCRIPTS = ("train.py", "src/train.py", "main.py")
_TEMPLATE = """\
# How this model is made and when it is promoted. Check with: mlops-ci validate
version: 1

model:
  name: {name}
  files: [build/model.pkl]        # what the steps write and the registry keeps
{environment}
steps:
  train:
    {command}
    inputs: [{inputs}]            # it sees these files and no others; folders work too
    outputs: [build/model.pkl, build/predictions.csv]

evaluation:
  step: train
  task: binary                    # or multiclass, regression
  predictions: {{path: build/predictions.csv}}   # columns: id, target, score (or prediction)

gate:
  rules:
    - accuracy > baseline         # better than the champion, with 95 % confidence
"""
_NO_ENVIRONMENT = """
# environment:                    # none: the steps run on the Python of the machine, and what it has installed
#   pip: requirements.txt         # then each machine gets the same packages, locked with hashes
"""
_ENVIRONMENT = """
environment:
  pip: requirements.txt           # locked with hashes, built apart from everything else
"""


def is_project(path: Path) -> bool:
    """Whether there is a project file already, in a folder or at a path."""
    return (path / PROJECT_FILE if path.is_dir() else path).is_file()


def is_in_git(folder: Path) -> bool:
    """Whether a folder belongs to a repository."""
    return Git(folder).ask("rev-parse", "--show-toplevel") is not None


def write_initial_project(path: Path) -> Path:
    """Write a first project file, which is valid as it stands.

    Raises:
        UsageError: there is one already.
    """
    file = (path / PROJECT_FILE if path.is_dir() else path).absolute()
    folder = file.parent
    script = next((name for name in _SCRIPTS if (folder / name).is_file()), _notebook(folder) or _SCRIPTS[0])
    inputs = f"{script}, src" if (folder / "src").is_dir() and not script.startswith("src/") else script
    text = _TEMPLATE.format(
        name=_model_name(folder.name),
        environment=_ENVIRONMENT if (folder / "requirements.txt").is_file() else _NO_ENVIRONMENT,
        command=_command(script),
        inputs="src" if script.startswith("src/") else inputs,
    )
    load_project(text.encode(), file.name)
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{file.name} exists already", where=str(folder), hint="mlops-ci validate checks it"
        ) from error
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from error
    return file


def _notebook(folder: Path) -> str | None:
    """The one notebook of a folder, should its name be one that needs no quoting."""
    found = [file.name for file in folder.glob("*.ipynb") if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", file.name)]
    return found[0] if len(found) == 1 else None


def _command(script: str) -> str:
    if script.endswith(".ipynb"):
        return f"notebook: {script}    # or run: python train.py, a script for bash"
    return f"run: python {script}          # a script for bash; or notebook: train.ipynb"


def _model_name(folder: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:100].strip("-")
    return name or "model"
