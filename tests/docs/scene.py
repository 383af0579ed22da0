"""A scene: where the commands of a document are run, and what stands there for what the document makes up."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.docs.commands import Shown
from tests.support.lab import Done, Lab

Run = Callable[[list[str]], Done]


@dataclass(frozen=True)
class Scene:
    """``run`` runs our program with arguments; ``means`` maps patterns of made-up names to what is meant here.

    ``codes`` are the exit codes of commands that end otherwise than the document says, by a piece of them.
    """

    run: Run
    means: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)

    def translated(self, arguments: list[str]) -> list[str]:
        """The arguments with what is meant by them."""
        for pattern, meaning in self.means.items():
            literally = meaning.replace("\\", r"\\")
            arguments = [re.sub(pattern, literally, word) for word in arguments]
        return arguments

    def code(self, shown: Shown) -> int:
        """How a command is to end."""
        return next((code for text, code in self.codes.items() if text in shown.text), shown.code)


@dataclass(frozen=True)
class Stage:
    """What a scene is set up on: a folder, and the fixtures of the tests."""

    folder: Path
    request: pytest.FixtureRequest

    def fixture(self, name: str) -> Any:
        """A fixture, which only the scenes that ask for it wait for."""
        return self.request.getfixturevalue(name)

    def flights(self) -> Lab:
        """A copy of the project of flight delays with its three versions."""
        shutil.copytree(self.fixture("template"), self.folder / "flight-delay", symlinks=True)
        return Lab.existing(self.folder / "flight-delay")


Setting = Callable[[Stage], Iterator[Scene]]


def running(lab: Lab, env: dict[str, str] | None = None) -> Run:
    """Runs commands in a project, on no host."""
    return lambda arguments: lab.run(*arguments, env={"MLOPS_CI_HOST": "local", **(env or {})})
