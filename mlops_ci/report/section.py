"""What a comment is made of: a section a model, each marked with the commit, run and attempt that wrote it.

The markers are HTML comments on lines of their own, which hosts keep and do not show. A section is a list of parts, so
that one that is too long can be shortened without cutting through markup, also by a program that has only read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args
from urllib.parse import quote

from mlops_ci.project.names import is_name
from mlops_ci.records.report import CiOutcome

PARTS = (
    "headline", "why", "rules", "notes", "changes", "onnx", "next", "slices", "charts", "explanation", "details", "cut",
    "foot",
)  # fmt: skip
"""The parts of a section, in the order in which they stand in it."""

ASKING = frozenset({"refused", "inconclusive"})
"""The outcomes that ask somebody to act."""

Part = tuple[str, str]

_BEGIN = "<!--"
_LINE = re.compile(r"<!--\s*(.*?)\s*-->")
_SECTION = re.compile(
    r"section model=(?P<model>\S{1,100}) outcome=(?P<outcome>[a-z]+) sha=(?P<sha>[0-9a-f]{7,64})"
    r" run=(?P<run>[0-9]{1,20}) attempt=(?P<attempt>[0-9]{1,9})"
)
_END = "end of section"
_OUTCOMES: dict[str, CiOutcome] = {outcome: outcome for outcome in get_args(CiOutcome)}


@dataclass(frozen=True, slots=True)
class Section:
    """What a run says of a model. ``parts`` are pairs of a name of ``PARTS`` and Markdown, in their order."""

    model: str
    outcome: CiOutcome
    sha: str
    run: int
    attempt: int
    parts: tuple[Part, ...]

    @property
    def asks(self) -> bool:
        """Whether somebody has to act."""
        return self.outcome in ASKING

    @property
    def moment(self) -> tuple[int, int]:
        """Run and attempt: of two sections of a model the greater one is the newer."""
        return self.run, self.attempt

    def text(self) -> str:
        """The section between its markers."""
        begin = (
            f"<!-- section model={self.model} outcome={self.outcome} sha={self.sha}"
            f" run={self.run} attempt={self.attempt} -->"
        )
        parts = "\n".join(f"<!-- part {name} -->\n{text}\n" for name, text in self.parts)
        return f"{begin}\n{parts}<!-- {_END} -->\n"


def part(name: str, text: str) -> Part:
    """A part whose text can hold no marker, whatever was quoted in it."""
    text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return name, text.replace(_BEGIN, "<\u200b!--").strip("\n")


def marker(repository: str) -> str:
    """The line that a comment about a repository begins with."""
    # Two hyphens would end an HTML comment for some readers.
    return f"<!-- mlops-ci repository={quote(repository).replace('--', '-%2D')} -->"


def parse_comment(body: str) -> list[Section]:
    """The sections of a comment, as a host gives it back and people may have edited it.

    What is broken is left out rather than believed: a section without an end, with an unknown part or text between
    its parts, or with anything in it that could be a marker.
    """
    found: list[Section] = []
    open_section: _Opened | None = None
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = line.rstrip()
        match = _LINE.fullmatch(line.strip())
        words = match[1] if match else ""
        if begun := _SECTION.fullmatch(words):
            open_section = _Opened(begun)
        elif open_section is None:
            continue
        elif words == _END:
            found += open_section.closed()
            open_section = None
        elif words.startswith("part ") and open_section.begin(words.removeprefix("part ")):
            continue
        elif _BEGIN in line or not open_section.add(line):
            open_section = None
    return found


def merge(*comments: Iterable[Section]) -> list[Section]:
    """The newest section of each model, those that ask somebody to act first, then by name.

    The order of the arguments is of no matter, and merging again changes nothing.
    """
    newest: dict[str, Section] = {}
    for section in (section for comment in comments for section in comment):
        there = newest.get(section.model)
        if there is None or _rank(there) < _rank(section):
            newest[section.model] = section
    return sorted(newest.values(), key=lambda section: (not section.asks, section.model))


def _rank(section: Section) -> tuple[object, ...]:
    """Newer is greater; of one run and attempt that which was shortened less."""
    size = sum(len(text) for _, text in section.parts)
    return section.run, section.attempt, size, section.sha, section.outcome, section.parts


class _Opened:
    """A section that is being read."""

    def __init__(self, begun: re.Match[str]) -> None:
        self._begun = begun
        self._parts: list[tuple[str, list[str]]] = []

    def begin(self, name: str) -> bool:
        """Begin a part; whether there may be one of that name here."""
        last = PARTS.index(self._parts[-1][0]) if self._parts else -1
        if name not in PARTS[last + 1 :]:
            return False
        self._parts.append((name, []))
        return True

    def add(self, line: str) -> bool:
        """Add a line; whether there may be one here."""
        if self._parts:
            self._parts[-1][1].append(line)
        return bool(self._parts) or not line

    def closed(self) -> list[Section]:
        """The section, if it is one."""
        parts = tuple((name, "\n".join(lines).strip("\n")) for name, lines in self._parts)
        model, outcome = self._begun["model"], _OUTCOMES.get(self._begun["outcome"])
        names = [name for name, _ in parts]
        if names[:1] != ["headline"] or not all(text for _, text in parts):
            return []
        if not is_name(model) or outcome is None:
            return []
        run, attempt = int(self._begun["run"]), int(self._begun["attempt"])
        return [Section(model, outcome, self._begun["sha"], run, attempt, parts)]
