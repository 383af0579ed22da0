"""The commands that the documents show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
_BLOCK = re.compile(r"^[ ]*```(?P<language>\w*)\n(?P<text>.*?)^[ ]*```", re.DOTALL | re.MULTILINE)
_SHELL = {"", "sh", "bash", "console"}
PROGRAMS = ("mlops-ci", "git")
_CODE = re.compile(r"\s#\s.*\bexit code (\d+)")


@dataclass(frozen=True)
class Shown:
    """A command as a document shows it, without its comment; ``line`` is where, ``code`` how it ends."""

    line: int
    text: str
    code: int = 0

    @property
    def calls(self) -> list[list[str]]:
        """The words of each call in it; calls may be joined by ``&&``."""
        words = shlex.split(self.text)
        calls: list[list[str]] = [[]]
        for word in words:
            if word == "&&":
                calls.append([])
            else:
                calls[-1].append(word)
        return [call for call in calls if call and call[0] in PROGRAMS]


def name_of(document: Path) -> str:
    """Its path in the repository."""
    return document.relative_to(ROOT).as_posix()


def shown_in(document: Path) -> list[Shown]:
    """The commands of our program, and of git, in the blocks of a document, in their order."""
    return [*_shown(document.read_text("utf-8"))]


def _shown(text: str) -> Iterator[Shown]:
    for block in _BLOCK.finditer(text):
        if block["language"] not in _SHELL:
            continue
        first = text.count("\n", 0, block.start("text")) + 1
        lines = block["text"].splitlines()
        while lines:
            number = first + len(block["text"].splitlines()) - len(lines)
            line = lines.pop(0).strip().removeprefix("$ ")
            while line.endswith("\\") and lines:
                line = line[:-1].rstrip() + " " + lines.pop(0).strip()
            if line.partition(" ")[0] in PROGRAMS:
                code = _CODE.search(line)
                yield Shown(number, re.sub(r"\s+#\s.*$", "", line), int(code[1]) if code else 0)
