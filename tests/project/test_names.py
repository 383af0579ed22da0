from __future__ import annotations

import json
import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import UsageError
from mlops_ci.project.names import is_name, parse_tags, require_alias, require_model_name
from mlops_ci.resources import resource

GOOD = ["a", "0", "flight-delay", "a.b_c-d", "x" * 100, "a--b", "v1", "2024-model", "con"]
WEIRD = [
    *"\0\n\r\t\x1b\x7f\u0085\u2028\u200b\u202e\ufeff éßıﬁ中٣𝟛😀\uff21\u212a",
    *" /\\:*?\"'<>|$`&;!#%^()[]{}=+~,@",
    "..",
    "../",
    "A",
]
BAD = [
    "", " ", ".", "..", "...", "/", "a/b", "a\\b", "../a", "a/..", "a..b", ".a", "a.", "-a", "a-", "_a", "a_", "--help",
    "A", "Flight", "x" * 101, "x" * 300, "flight delay", "~", "~root", "C:", "a\n", "\na", "a\r\n",
    *(f"{weird}x" for weird in WEIRD),
    *(f"x{weird}" for weird in WEIRD),
    *(f"x{weird}y" for weird in WEIRD),
    *(f"x{weird}y{weird}z" for weird in WEIRD),
    *(f"{weird * 3}" for weird in WEIRD),
]  # fmt: skip


def test_there_are_enough_hostile_names() -> None:
    assert len(set(BAD)) >= 290


@pytest.mark.parametrize("name", GOOD)
def test_a_plain_word_is_a_name(name: str) -> None:
    assert is_name(name)
    assert require_model_name(name) == name


def test_no_hostile_name_is_one() -> None:
    assert [name for name in BAD if is_name(name)] == []
    for name in BAD:
        with pytest.raises(UsageError, match="not a model name") as caught:
            require_model_name(name)
        assert caught.value.line().isprintable()
        with pytest.raises(UsageError, match="not an alias name"):
            require_alias(name)


@given(st.text(max_size=120))
def test_a_name_is_a_safe_part_of_a_path_and_a_key(text: str) -> None:
    if is_name(text):
        assert re.fullmatch(r"[a-z0-9._-]{1,100}", text)
        assert ".." not in text and text[0] not in ".-_" and text[-1] not in ".-_"


def test_the_schema_allows_the_same_names() -> None:
    schema = json.loads(resource("schemas", "mlops.schema.json").read_text("utf-8"))
    kinds = [schema["$defs"]["name"], schema["properties"]["model"]["properties"]["name"]]
    for kind in kinds:
        valid = jsonschema.Draft202012Validator(kind).is_valid
        assert [name for name in [*GOOD, *BAD] if valid(name) != is_name(name)] == []


@pytest.mark.parametrize("alias", ["1", "12", "v1", "v12", "beef", "0123456", "cafe", "a"])
def test_an_alias_cannot_be_taken_for_a_version_or_a_commit(alias: str) -> None:
    with pytest.raises(UsageError, match="not an alias name"):
        require_alias(alias)


@pytest.mark.parametrize("alias", ["champion", "v1.2", "v", "prod-eu", "0x1f"])
def test_a_word_is_an_alias(alias: str) -> None:
    assert require_alias(alias) == alias


def test_tags_are_read_as_name_and_value() -> None:
    assert parse_tags(("team=fraud", "a/b.c_d-E=x=y", "empty=")) == {"team": "fraud", "a/b.c_d-E": "x=y", "empty": ""}


@pytest.mark.parametrize("item", ["team", "=x", "-a=x", "a b=x", "a=x\ny", "a=\x1b[31m", "a=" + "x" * 257, "é=x"])
def test_what_is_no_tag_is_refused(item: str) -> None:
    with pytest.raises(UsageError, match="not a tag"):
        parse_tags((item,))
