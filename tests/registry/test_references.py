"""References to versions."""

from __future__ import annotations

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.references import Reference, parse_reference, resolve
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from tests.registry.conftest import Make
from tests.registry.making import open_log
from tests.workspace.memory import MemoryStore

ONE = "a1b2c3d" + "1" * 33
TWIN = "a1b2c3d" + "2" * 33
TWO = "b" * 40
DIGITS = "1234567" + "0" * 33


@pytest.fixture
def log() -> ModelLog:
    return open_log(MemoryStore())


@pytest.fixture
def state(log: ModelLog, make: Make) -> ModelState:
    """v1 and v3 of ONE, v2 of TWO (and linked to TWIN), v4 of DIGITS; v2 is the champion."""
    for commit, fingerprint in ((ONE, "f1"), (TWO, "f2"), (ONE, "f3"), (DIGITS, "f4"), (TWIN, "f2")):
        register(log, make(commit, fingerprint))
    move_alias(log, "champion", 2, rollback=False, reason=None)
    return log.read()


@pytest.mark.parametrize(
    ("selector", "version"),
    [
        ("champion", 2), ("v3", 3), ("3", 3), ("v03", 3), ("4", 4), (ONE, 3), ("a1b2c3d1", 3), (TWO, 2), ("bbbbbbb", 2),
        (TWIN, 2), ("a1b2c3d2", 2), (DIGITS, 4),
    ],
)  # fmt: skip
def test_a_selector_means_one_version(state: ModelState, selector: str, version: int) -> None:
    assert resolve(state, selector).version == version


def test_a_commit_means_its_newest_version_through_links(log: ModelLog, make: Make) -> None:
    register(log, make(ONE, "f1"))
    register(log, make(TWO, "f2"))
    assert resolve(log.read(), ONE).version == 1
    register(log, make(ONE, "f2"))
    assert resolve(log.read(), ONE).version == 2
    register(log, make(ONE, "f3"))
    assert resolve(log.read(), ONE).version == 3


def test_an_abbreviation_of_two_commits_is_refused_and_names_both(state: ModelState) -> None:
    with pytest.raises(UsageError, match="ambiguous") as caught:
        resolve(state, "a1b2c3d")
    assert ONE in str(caught.value.hint)
    assert TWIN in str(caught.value.hint)


@pytest.mark.parametrize("selector", ["v9", "0", "v0", "9" * 18, "c" * 40, "ccccccc", "challenger"])
def test_what_selects_nothing_is_a_usage_error(state: ModelState, selector: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(state, selector)
    assert caught.value.where == f"model@{selector}"
    assert caught.value.hint


def test_the_hints_tell_what_there_is(state: ModelState) -> None:
    with pytest.raises(UsageError) as number:
        resolve(state, "v9")
    assert number.value.hint == "the newest is v4"
    with pytest.raises(UsageError) as alias:
        resolve(state, "challenger")
    assert alias.value.hint == "its aliases: champion"


def test_a_model_without_versions_is_unknown() -> None:
    with pytest.raises(UsageError, match="unknown model 'model'"):
        resolve(open_log(MemoryStore()).read(), "champion")


@pytest.mark.parametrize("text", ["m@champion", "m@v12", "m@12", f"m@{ONE}", "m.x-y@a1b2c3d", "m@my-alias"])
def test_a_reference_is_a_model_and_a_selector(text: str) -> None:
    model, _, selector = text.partition("@")
    assert parse_reference(text) == Reference(model, selector)
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "m", "@", "m@", "@v1", "M@v1", "m/n@v1", "../m@v1", "m..n@v1", "m@@v1", "m@v1@v2", "m@-", "m@a b",
        "m@A1B2C3D", "m@abc", "m@..", "m@$(id)", "m@v1;ls", "m" * 300 + "@v1", "m@" + "a" * 41, "m@" + "9" * 19,
        "m@champion\n",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_reference_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)
