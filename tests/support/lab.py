"""A small project in a git repository of its own, and the command line run in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.__main__ import run

PROJECT = """\
version: 1
model:
  name: coin
  files: [build/model.txt]
params: params.yaml
datasets:
  rows: {path: data/rows.csv}
steps:
  train:
    run: python train.py
    inputs: [train.py]
    data: [rows]
    params: [train]
    outputs: [build/model.txt]
  evaluate:
    run: python evaluate.py
    inputs: [evaluate.py, build/model.txt]
    data: [rows]
    outputs: [build/predictions.csv, build/metrics.json]
evaluation:
  step: evaluate
  task: binary
  predictions: {path: build/predictions.csv}
  metrics: build/metrics.json
gate:
  rules:
    - accuracy > baseline
    - size <= 100
"""
TRAIN = """\
import yaml
params = yaml.safe_load(open("params.yaml"))["train"]
open("data/rows.csv").readline()
open("build/model.txt", "w").write(f"{params['skill']} {params['seed']}")
print("trained to", params["skill"])
"""
# A model of skill s answers right on about the share s of the rows: with the same seed the better model knows all
# that the worse one knows, with another seed the two know different rows.
EVALUATE = """\
import csv, hashlib, json
skill, seed = open("build/model.txt").read().split()
with open("build/predictions.csv", "w") as file:
    file.write("id,target,prediction\\n")
    for row in csv.DictReader(open("data/rows.csv")):
        luck = int(hashlib.sha256((seed + row["id"]).encode()).hexdigest()[:8], 16) / 2**32
        target = int(row["target"])
        file.write(f"{row['id']},{target},{target if luck < float(skill) else 1 - target}\\n")
json.dump({"size": 10}, open("build/metrics.json", "w"))
"""
ROWS = 400


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON it printed."""
        return json.loads(self.out)

    @property
    def complaints(self) -> list[str]:
        """The lines that it printed for people to stderr; a host hides what it is told to hide, and shows no line."""
        return [line for line in self.err.splitlines() if not line.startswith("::add-mask::")]


class Lab:
    """The project, its repository, and its workspace in ``.mlops``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("mlops.yaml", PROJECT)
        self.write("params.yaml", "train:\n  skill: 0.6\n  seed: 0\nother: 1\n")
        self.write("train.py", TRAIN)
        self.write("evaluate.py", EVALUATE)
        self.write("README.md", "a coin\n")
        self.write_rows(ROWS)

    @classmethod
    def existing(cls, folder: Path) -> Lab:
        """The project in a folder where it has been made before."""
        lab = cls.__new__(cls)
        lab.folder = folder
        return lab

    @property
    def workspace(self) -> Path:
        """The folder of the workspace."""
        return self.folder / ".mlops"

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def write_rows(self, count: int) -> None:
        """Write the dataset, which is the evaluation set as well."""
        lines = [f"r{number},{hashlib.md5(str(number).encode()).digest()[0] % 2}" for number in range(count)]
        self.write("data/rows.csv", "id,target\n" + "\n".join(lines) + "\n")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a piece of text that stands in a file."""
        text = (self.folder / path).read_text("utf-8")
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new))

    def skill(self, value: float, seed: int = 0) -> None:
        """Set how good the next model will be, and by which luck."""
        self.write("params.yaml", f"train:\n  skill: {value}\n  seed: {seed}\nother: 1\n")

    def git(self, *arguments: str) -> str:
        """Run git as somebody without any configuration."""
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=git_environment(), check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit everything, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> Done:
        """Run the command line in this process, which saves the time that a new one takes to begin."""
        out, err = io.StringIO(), io.StringIO()
        clean = clean_environment() | (env or {})
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            for name in set(os.environ) - set(clean):
                patch.delenv(name)
            for name, value in clean.items():
                patch.setenv(name, value)
            code = run([*arguments])
        return Done(code, out.getvalue(), err.getvalue())

    def ci(self, *arguments: str, env: dict[str, str] | None = None) -> Any:
        """Run ``ci``, which must end with a verdict, and return its JSON with the exit code added."""
        done = self.run("ci", "--json", *arguments, env=env)
        assert done.code in {0, 1}, done.err + done.out
        return done.json | {"code": done.code}

    def versions(self) -> list[dict[str, Any]]:
        """All versions, newest first."""
        found: list[dict[str, Any]] = self.run("models", "list", "--json").json
        return found

    def champion(self) -> int | None:
        """The version that the alias points to."""
        return next((version["version"] for version in self.versions() if "champion" in version["aliases"]), None)


MLOPS_CI = [sys.executable, "-m", "mlops_ci"]


def clean_environment() -> dict[str, str]:
    """The environment of a job, without what the machine around the tests has set."""
    names = ("CI", "GITHUB_ACTIONS", "TF_BUILD")
    return {
        name: value
        for name, value in os.environ.items()
        if (name not in names and not name.startswith(("GIT_", "MLOPS_CI_", "PYTEST_"))) or name == "MLOPS_CI_CACHE_DIR"
    }


def git_environment() -> dict[str, str]:
    """An environment in which git has an identity and no configuration."""
    return clean_environment() | {
        "GIT_AUTHOR_NAME": "tester",
        "GIT_AUTHOR_EMAIL": "tester@localhost",
        "GIT_COMMITTER_NAME": "tester",
        "GIT_COMMITTER_EMAIL": "tester@localhost",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def tree_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
