from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import ConfigurationError
from mlops_ci.project.yaml12 import parse

TEXT = """\
# a comment
model:
  name: flight
  files: [a.pkl,
          "b.pkl"]
steps:
    - run: x
      deep: {key:   value}
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("model",), (2, 1), (3, 3)),
        (("model", "name"), (3, 3), (3, 9)),
        (("model", "files", 0), None, (4, 11)),
        (("model", "files", 1), None, (5, 11)),
        (("steps", 0), None, (7, 7)),
        (("steps", 0, "deep", "key"), (8, 14), (8, 21)),
    ],
)
def test_every_key_and_value_has_its_place(
    path: tuple[str | int, ...], key: tuple[int, int] | None, value: tuple[int, int]
) -> None:
    document = parse(TEXT, "f")
    assert document.at(path) == value
    assert document.key_at(path) == (key or value)


def test_what_is_missing_stands_where_its_parent_does() -> None:
    document = parse(TEXT, "f")
    assert document.at(("model", "nowhere", "deeper")) == document.at(("model",))
    assert document.at(("nowhere",)) == (2, 1)
    assert parse("", "f").at(("a",)) == (1, 1)


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=8, unique=True), st.integers(0, 20))
def test_the_place_of_a_key_is_where_it_is_in_the_text(keys: list[str], blank_lines: int) -> None:
    text = "\n" * blank_lines + "".join(f"{key}: '{key}'\n" for key in keys)
    document = parse(text, "f")
    for key in keys:
        row, column = document.key_at((key,))
        assert text.splitlines()[row - 1][column - 1 :].startswith(f"{key}:")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "the key 'a' appears twice"),
        ("a: {x: 1, x: 2}", (1, 11), "the key 'x' appears twice"),
        ('a: 1\n"a": 2\n', (2, 1), "the key 'a' appears twice"),
        ("a: &x 1\n", (1, 4), "anchors and aliases"),
        ("a: [1, *x]\n", (1, 8), "anchors and aliases"),
        ("&k a: 1\n", (1, 1), "anchors and aliases"),
        ("a: !!python/object:os.system x\n", (1, 4), "tags such as"),
        ("a: !!int '3'\n", (1, 4), "tags such as"),
        ("a: ! x\n", (1, 4), "tags such as"),
        ("? [a, b]\n: 1\n", (1, 3), "a key must be a plain word"),
        ("a: 1\n---\nb: 2\n", (2, 1), "another document"),
        ("a: [1\nb: 2\n", (2, 2), "not valid YAML"),
        ("a: b: c", (1, 5), "not valid YAML"),
        ("a: 1\nb: \0\n", (2, 1), "special characters are not allowed"),
        ("[" * 5000, (1, 1), "nested too deeply"),
        ("".join("- " for _ in range(5000)) + "x", (1, 1), "nested too deeply"),
    ],
)  # fmt: skip
def test_what_no_configuration_needs_is_refused_where_it_stands(text: str, place: tuple[int, int], what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "f.yaml")
    problem = caught.value.problems[0]
    assert (problem.row, problem.column) == place
    assert what in problem.what


def test_all_repeated_keys_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f")
    assert [problem.row for problem in caught.value.problems] == [2, 3]
