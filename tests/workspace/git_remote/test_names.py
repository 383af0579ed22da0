"""Keys that a git host would refuse, or take for something else, are written as it takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import IntegrityError
from mlops_ci.workspace.git.names import key_of, path_of
from tests.parts.git_http import Repository, git_host
from tests.workspace.git_remote.conftest import Client

HARMFUL = [
    ".git/config", "a/.GIT/x", "a/git~1", ".gitmodules", "x/.gitattributes", "a\\.git", "\u200c.git", "a/.g\u200cit/b",
    "con", "a/nul.txt", 'quoted"name', "tab\there", "trailing /dot.",
]  # fmt: skip


@pytest.mark.parametrize("key", HARMFUL, ids=ascii)
def test_a_host_that_checks_what_it_gets_takes_every_key(client: Client, key: str) -> None:
    remote: Repository = git_host().repository(receive__fsckObjects="true")
    store = client("one", f"git+{remote.url}")
    assert store.create(key, b"x")
    assert client("other", f"git+{remote.url}").get(key) == b"x"
    assert [item.key for item in store.list("")] == [key]
    assert remote.git("fsck", "--strict", "--no-dangling") == ""


@given(st.text(min_size=1))
def test_every_key_has_a_path_and_every_path_its_key(key: str) -> None:
    try:
        path = path_of(key)
    except IntegrityError:
        return
    assert key_of(path) == key
    assert path.isascii()
    assert not any(part.startswith(".") for part in path.split("/"))


def test_keys_of_our_own_layout_are_paths_as_they_are() -> None:
    key = "models/flight-delay/log/00000000000000000012.json"
    assert path_of(key) == key


@pytest.mark.parametrize("path", [".hidden", "a%2fb", "%zz", "a/%41", "caf\u00e9"])
def test_a_path_that_no_key_has_leads_to_none(path: str) -> None:
    assert key_of(path) is None
