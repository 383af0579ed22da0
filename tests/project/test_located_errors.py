from __future__ import annotations

from pathlib import Path

from tests.conftest import Golden
from tests.project.conftest import Lines

BROKEN = Path(__file__).with_name("broken")


def test_every_broken_configuration_is_explained_line_by_line(lines: Lines, golden: Golden) -> None:
    told = []
    for file in sorted(BROKEN.glob("*.yaml")):
        found = lines(file.read_bytes())
        assert found, f"{file.name} loads"
        told.append("\n".join([f"# {file.stem}", *found]))
    golden("located-errors.txt", "\n\n".join(told) + "\n")


def test_a_misspelt_key_is_reported_with_its_line_and_the_nearest_valid_key(lines: Lines, good: str) -> None:
    found = lines(good.replace("evaluation:", "evalution:"))
    assert "mlops.yaml:8:1: unknown key 'evalution'; did you mean 'evaluation'?" in found


def test_text_that_is_not_utf_8_is_refused_where_it_starts(lines: Lines) -> None:
    assert lines(b"version: 1\nmodel: caf\xe9\n") == [
        "mlops.yaml:2:11: not UTF-8 text; save the file as UTF-8",
    ]


def test_a_byte_order_mark_is_no_part_of_the_text(lines: Lines, good: str) -> None:
    assert lines(b"\xef\xbb\xbf" + good.encode()) == []


def test_an_empty_file_is_told_how_to_start(lines: Lines) -> None:
    for text in ("", "\n", "# nothing yet\n", "---\n", "[]", "word"):
        assert lines(text) == ["mlops.yaml:1:1: a mapping is expected; start with version: 1"]


def test_a_name_with_a_newline_is_refused(lines: Lines, good: str) -> None:
    assert any("cannot be a name" in line for line in lines(good.replace("  train: {run", '  "train\\n": {run')))
    assert any("is not valid here" in line for line in lines(good.replace("name: m,", 'name: "m\\n",')))


def test_a_good_configuration_has_no_complaints(lines: Lines, good: str) -> None:
    assert lines(good) == []
