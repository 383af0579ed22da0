from __future__ import annotations

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import ConfigurationError
from mlops_ci.project.yaml12 import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 0.0001),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("12", 12),
        ("+12", 12),
        ("-0", 0),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2001-01-01", "2001-01-01"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("null", None),
        ("NULL", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("=", "="),
        ("'1e-4'", "1e-4"),
        ('"null"', "null"),
        ('"12"', "12"),
        ("|\n  12\n", "12\n"),
        (">-\n  true\n", "true"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: object) -> None:
    found = parse(f"key: {text}", "f").value["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_a_float(text: str) -> None:
    assert math.isnan(parse(f"key: {text}", "f").value["key"])


def test_keys_are_always_text() -> None:
    assert parse("1: a\nNO: b\n~: c\n", "f").value == {"1": "a", "NO": "b", "~": "c"}


def same(first: Any, second: Any) -> bool:
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    assert same(parse(json.dumps(value), "f").value, value)


@given(JSON)
def test_indented_json_is_yaml(value: Any) -> None:
    assert same(parse(json.dumps(value, indent=2), "f").value, value)


# PyYAML writes YAML 1.1, in which a number without a dot needs no quotes to be text.
WORDS = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=10)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(TREES)
def test_what_pyyaml_writes_in_blocks_reads_the_same(value: Any) -> None:
    assert same(parse(yaml.safe_dump(value, allow_unicode=True, default_flow_style=False), "f").value, value)


def test_a_character_that_json_escapes_as_two_halves_is_one() -> None:
    assert parse(r'{"\ud83d\ude00": "\ud83d\ude00"}', "f").value == {"😀": "😀"}


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2:4: half of an escaped character"):
        parse('a: 1\nb: "\\ud83d"', "f")


def test_a_number_longer_than_python_reads_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="1:4: the number is too long"):
        parse(f"a: {'1' * 5000}", "f")


@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused_with_a_place(text: str) -> None:
    try:
        parse(text, "f")
    except ConfigurationError as error:
        assert all(problem.row >= 1 and problem.column >= 1 for problem in error.problems)
