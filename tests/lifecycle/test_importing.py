"""Versions of another registry come together, and those before an error stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mlops_ci.lifecycle.importing as importing
from mlops_ci.errors import RemoteError
from mlops_ci.exchange.foreign import ForeignModel, ForeignVersion, GoneError, Origin
from mlops_ci.lifecycle.importing import Import, ImportedModel, import_models
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import log_prefix
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, require_whole

MODEL = "model"


class Elsewhere:
    """A registry with some versions; ``instead`` happens when the files of one are asked for."""

    kind = "elsewhere"
    where = "elsewhere://registry"

    def __init__(self, count: int) -> None:
        self.count = count
        self.instead: dict[int, Exception] = {}
        self.fetched: list[int] = []
        self.beside: Callable[[int], None] | None = None

    def names(self) -> Iterator[str]:
        yield MODEL

    def read(self, name: str) -> ForeignModel | None:
        return ForeignModel(name, tuple(self.version(number) for number in range(1, self.count + 1)), {}, ())

    def version(self, number: int) -> ForeignVersion:
        def fetch(folder: Path) -> None:
            self.fetched.append(number)
            if self.beside:
                self.beside(number)
            if number in self.instead:
                raise self.instead[number]
            (folder / "model.bin").write_text(f"model {number}")

        return ForeignVersion(MODEL, str(number), (str(number),), None, None, None, {}, Origin, fetch)


@pytest.fixture(autouse=True)
def _three_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_TOGETHER", 3)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "workspace")


def imported(store: LocalStore, registry: Elsewhere, folder: Path) -> ImportedModel:
    request = Import(registry, (), None, lambda _: open_log(store), {}, folder, dry_run=False)
    (found,) = import_models(request)
    return found


def objects(store: LocalStore) -> int:
    return len(list(store.list(log_prefix(MODEL))))


def test_so_many_at_once_are_one_object_of_the_log(store: LocalStore, tmp_path: Path) -> None:
    done = imported(store, Elsewhere(7), tmp_path)
    assert [version.version for version in done.versions] == [1, 2, 3, 4, 5, 6, 7]
    assert list(require_whole(store).versions) == [1, 2, 3, 4, 5, 6, 7]
    assert objects(store) == 3
    again = imported(store, Elsewhere(7), tmp_path)
    assert {version.outcome for version in again.versions} == {"known"}
    assert objects(store) == 3


def test_what_came_before_an_error_stays_and_the_next_import_goes_on(store: LocalStore, tmp_path: Path) -> None:
    registry = Elsewhere(7)
    registry.instead = {2: GoneError("the files are gone"), 5: RemoteError("the line is down")}
    with pytest.raises(RemoteError, match="the line is down"):
        imported(store, registry, tmp_path)
    assert list(require_whole(store).versions) == [1, 2, 3]
    del registry.instead[5]
    done = imported(store, registry, tmp_path)
    assert [(version.foreign, version.outcome) for version in done.versions] == [
        ("1", "known"), ("2", "skipped"), ("3", "known"), ("4", "known"),
        ("5", "imported"), ("6", "imported"), ("7", "imported"),
    ]  # fmt: skip
    assert registry.fetched == [1, 2, 3, 4, 5, 2, 5, 6, 7]


def test_a_lost_race_brings_them_again(store: LocalStore, tmp_path: Path) -> None:
    imported(store, Elsewhere(1), tmp_path)
    registry, raced = Elsewhere(3), list[int]()

    def race(number: int) -> None:
        if number == 3 and not raced:
            raced.append(number)
            set_tags(open_log(store), 1, {"somebody": "else"})

    registry.beside = race
    done = imported(store, registry, tmp_path)
    assert [(version.foreign, version.outcome) for version in done.versions] == [
        ("1", "known"), ("2", "imported"), ("3", "imported"),
    ]  # fmt: skip
    state = require_whole(store)
    assert (list(state.versions), state.versions[1].tags["somebody"]) == ([1, 2, 3], "else")
