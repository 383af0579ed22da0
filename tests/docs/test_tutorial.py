"""The tutorial, done word by word: files written, lines replaced, commands given, in the order of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, Shown, shown_in
from tests.docs.scene import running
from tests.support.lab import Lab

pytestmark = pytest.mark.xdist_group("documents")
TUTORIAL = ROOT / "docs/tutorial.md"
_FILE = re.compile(r"`(?P<name>[\w./]+)`:\n\n```\w+\n(?P<text>.*?)```", re.DOTALL)
_EDIT = re.compile(r"In `(?P<name>[\w./]+)` replace (?P<edits>.*?)(?:\. Then|, and\n)", re.DOTALL)
_REPLACED = re.compile(r"`([^`]+)` by\s+`([^`]+)`")
Event = re.Match[str] | Shown


def events() -> list[Event]:
    text = TUTORIAL.read_text("utf-8")

    def found() -> Iterator[tuple[int, Event]]:
        for match in (*_FILE.finditer(text), *_EDIT.finditer(text)):
            yield text.count("\n", 0, match.start()), match
        for shown in shown_in(TUTORIAL):
            yield shown.line, shown

    return [event for _, event in sorted(found(), key=lambda pair: pair[0])]


def test_the_tutorial_works(tmp_path: Path) -> None:
    lab = Lab.existing(tmp_path / "digits")
    lab.folder.mkdir()
    lab.git("init", "--quiet", "--initial-branch=main")
    for event in events():
        if isinstance(event, Shown):
            give(lab, event)
        elif event.re is _FILE:
            lab.write(event["name"], event["text"])
        else:
            for old, new in _REPLACED.findall(event["edits"]):
                lab.edit(event["name"], old, new)
    assert lab.champion() == 1
    assert (lab.folder / "model/build/model.pkl").is_file()
    assert lab.git("status", "--porcelain") == "?? report.html"


def give(lab: Lab, shown: Shown) -> None:
    for program, *arguments in shown.calls:
        if program == "git":
            lab.git(*arguments)
            continue
        if "RUN" in arguments:
            newest = lab.run("runs", "list", "--json").json[0]["id"]
            arguments = [newest if word == "RUN" else word for word in arguments]
        done = running(lab)(arguments)
        assert done.code == shown.code, f"line {shown.line}: {shown.text}\n{done.err}\n{done.out}"


def test_the_tutorial_has_all_that_is_done_in_it() -> None:
    kinds = [type(event) if isinstance(event, Shown) else event.re for event in events()]
    assert [kinds.count(kind) for kind in (_FILE, _EDIT)] == [4, 2]
    assert kinds.count(Shown) >= 15
