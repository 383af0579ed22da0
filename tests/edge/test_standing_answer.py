from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlops_ci.edge.standing_answer import Looked, StandingAnswer

LATER = 3_000_000_000


class Place:
    """A folder, and the command that is asked in it time and again."""

    def __init__(self, top: Path) -> None:
        self.top = top / "top"
        self.top.mkdir()
        (self.top / "file").write_text("x")
        self.needed = self.top / "record"
        self.needed.write_text("run 1")
        self.kept_in = top / "kept"

    def asked(
        self, arguments: Sequence[str] = ("run",), environ: dict[str, str] | None = None, after: int = LATER
    ) -> StandingAnswer:
        environ = {"A": "1"} if environ is None else environ
        return StandingAnswer(arguments, environ, self.top, self.kept_in, time.time_ns() + after)

    def looked(self, without: Sequence[str] = ()) -> Looked:
        return Looked((str(self.top),), tuple(without), (str(self.top.parent / "settings"),), str(self.needed))

    def settled(self) -> None:
        """Asked twice with nothing changed in between: the first time to learn where to look."""
        for _ in range(2):
            answer = self.asked()
            assert answer.said() is None
            answer.keep(self.looked(), "nothing new")
        assert self.asked().said() == "nothing new"

    @property
    def file(self) -> Path:
        (found,) = self.kept_in.iterdir()
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_stands_as_long_as_nothing_changes(place: Place) -> None:
    place.settled()
    assert place.asked().said() == "nothing new"
    (place.top / "new").write_text("")
    assert place.asked().said() is None
    (place.top / "new").unlink()
    assert place.asked().said() == "nothing new"


def test_it_is_the_answer_to_this_command_in_these_surroundings(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.settled()
    assert place.asked(("run", "--only", "train")).said() is None
    assert place.asked(environ={"A": "2"}).said() is None
    assert place.asked(environ={"A": "1", "B": ""}).said() is None
    elsewhere = StandingAnswer(("run",), {"A": "1"}, tmp_path, place.kept_in)
    assert elsewhere.said() is None
    (tmp_path / "settings").write_text("x")
    assert place.asked().said() is None
    (tmp_path / "settings").unlink()
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    assert place.asked().said() is None


def test_what_changed_while_it_was_found_out_is_not_kept(place: Place) -> None:
    place.settled()
    (place.top / "file").write_text("y")
    answer = place.asked()
    assert answer.said() is None
    (place.top / "file").write_text("z")
    answer.keep(place.looked(), "of y")
    assert place.asked().said() is None


def test_what_was_touched_a_moment_ago_is_looked_at_again(place: Place) -> None:
    for _ in range(3):
        answer = place.asked(after=0)
        assert answer.said() is None
        answer.keep(place.looked(), "too early")


def test_other_places_are_learned_first(place: Place) -> None:
    place.settled()
    (place.top / "file").write_text("y")
    answer = place.asked()
    assert answer.said() is None
    answer.keep(place.looked(without=(str(place.top / "file"),)), "of y")
    assert place.asked().said() is None


def test_a_command_that_did_something_leaves_no_answer(place: Place) -> None:
    place.settled()
    answer = place.asked()
    answer.said()
    answer.keep(place.looked(), None)
    assert place.asked().said() is None


def test_an_answer_is_worth_nothing_without_the_record_of_it(place: Place) -> None:
    place.needed = place.top.parent / "record"
    place.needed.write_text("run 1")
    place.settled()
    place.needed.unlink()
    assert place.asked().said() is None


DAMAGED = {
    "nothing": b"",
    "no text": b"\xff",
    "a list": b"[]",
    "empty": b"{}",
    "no more than a format": b'{"format": 1}',
    "another format": b'{"format": 2}',
    "a deep list": b"[" * 5000,
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_found_out_again(place: Place, damaged: bytes) -> None:
    place.settled()
    place.file.write_bytes(damaged)
    assert place.asked().said() is None
    place.settled()


@pytest.mark.parametrize("name", ["folders", "without", "files", "needed", "stamp", "asked"])
@pytest.mark.parametrize("value", [None, 1, [1], "\0"])
def test_so_is_what_somebody_else_wrote_there(place: Place, name: str, value: object) -> None:
    place.settled()
    place.file.write_text(json.dumps({**json.loads(place.file.read_bytes()), name: value}))
    answer = place.asked()
    assert answer.said() is None
    answer.keep(place.looked(), "nothing new")


def test_nowhere_to_keep_it_is_no_error(place: Place) -> None:
    place.kept_in.write_text("a file")
    answer = place.asked()
    assert answer.said() is None
    answer.keep(place.looked(), "nothing new")


def test_secrets_of_the_environment_are_not_kept(place: Place) -> None:
    for _ in range(2):
        answer = place.asked(environ={"TOKEN": "hush-hush"})
        answer.said()
        answer.keep(place.looked(), "nothing new")
    assert place.asked(environ={"TOKEN": "hush-hush"}).said() == "nothing new"
    assert b"hush-hush" not in place.file.read_bytes()
