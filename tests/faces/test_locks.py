"""The locks of the set-up: complete, agreeing with each other and with pyproject.toml, and tied to no index."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlops_ci.faces.lock import CORE, LOCKS, extras, pins

ROOT = Path(__file__).parents[2]
TEXTS = {file.stem: file.read_text("utf-8") for file in LOCKS.glob("*.txt")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WANTED = {CORE: PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def versions(lock: str) -> dict[str, str]:
    return {name: block.partition("==")[2].split()[0] for name, block in pins(TEXTS[lock]).items()}


def _with_extras(name: str) -> list[str]:
    """What an extra asks for, also by naming other extras of ours."""
    found: list[str] = []
    for text in WANTED[name]:
        wanted = Requirement(text)
        ours = wanted.name == PROJECT["name"]
        found += [one for extra in wanted.extras for one in _with_extras(extra)] if ours else [text]
    return found


def test_there_is_a_lock_for_every_extra_and_no_other() -> None:
    assert set(TEXTS) == {CORE, *extras()}, "run make lock"


@pytest.mark.parametrize("name", TEXTS)
def test_a_lock_has_what_pyproject_asks_for(name: str) -> None:
    locked = versions(CORE) | versions(name)
    for text in _with_extras(name):
        wanted = Requirement(text)
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), f"{text}: run make lock"


@pytest.mark.parametrize("name", TEXTS)
def test_everything_has_one_version_and_hashes(name: str) -> None:
    for block in pins(TEXTS[name]).values():
        first, *hashes = block.rstrip().split(" \\\n    ")
        assert hashes, first
        assert all(line.startswith("--hash=sha256:") and len(line) == 78 for line in hashes)


@pytest.mark.parametrize("name", TEXTS)
def test_no_lock_names_an_index(name: str) -> None:
    assert "://" not in TEXTS[name]
    assert "--index" not in TEXTS[name]
    assert "--find-links" not in TEXTS[name]


def test_the_locks_agree() -> None:
    merged: dict[str, str] = {}
    for name in TEXTS:
        for package, block in pins(TEXTS[name]).items():
            assert merged.setdefault(package, block) == block


def test_an_extra_repeats_nothing_of_the_core() -> None:
    for name in extras():
        assert not set(pins(TEXTS[name])) & set(pins(TEXTS[CORE]))
