from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.records.commit import Commit
from mlops_ci.records.digest import digest_of_bytes, digest_of_tree, digest_of_value, hexadecimal, short
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import model_digest

FILES = st.dictionaries(st.text("abc/", min_size=1, max_size=5), st.text("0123", min_size=1, max_size=3), max_size=4)


@given(st.binary())
def test_a_digest_is_sha_256_and_says_so(data: bytes) -> None:
    digest = digest_of_bytes(data)
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert len(hexadecimal(digest)) == 64
    assert hexadecimal(digest).startswith(short(digest)) and len(short(digest)) == 12


@given(FILES, FILES)
def test_two_trees_have_the_same_digest_only_if_they_are_the_same(one: dict[str, str], two: dict[str, str]) -> None:
    assert (digest_of_tree(one.items()) == digest_of_tree(reversed(two.items()))) == (one == two)


def test_the_digest_of_a_value_knows_types_and_nesting() -> None:
    values = [1, "1", None, [], {}, [1], [[1]], {"a": 1}, {"a": [1]}, True]
    assert len({digest_of_value(value) for value in values}) == len(values)


def test_a_model_is_its_files_whatever_their_order_and_size() -> None:
    one, two = FileRecord("a", "sha256:1", 1), FileRecord("b", "sha256:2", 2)
    assert model_digest((one, two)) == model_digest((two, one)) == model_digest((one, FileRecord("b", "sha256:2", 9)))
    assert model_digest((one,)) != model_digest((FileRecord("c", "sha256:1", 1),))


def test_a_commit_is_shown_by_seven_digits_and_its_first_line() -> None:
    commit = Commit("0123456789" * 4, None, None, "A <a@b>", "Add depth\n\nbecause", "2026-01-01T00:00:00Z")
    assert (commit.short, commit.subject) == ("0123456", "Add depth")
