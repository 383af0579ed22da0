"""A log that was rolled back, forked or cut short is refused by whoever holds a pin of it, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.actor import Actor
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.pin import Pin
from mlops_ci.registry.check import check_model
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import log_sequence
from mlops_ci.workspace.store import Store
from tests.parts.backends import PARAMETERS, Backend
from tests.registry.making import MODEL, open_log, registration, sha, ticking

LENGTH = 5


@pytest.fixture
def pins(store: Store, sources: Path) -> list[Pin]:
    """The pin of each of five entries, of which the last three are one group."""
    log = open_log(store)
    log.together(lambda: register(log, registration(sources, sha(1), "f1")))
    log.together(lambda: set_tags(log, 1, {"turn": "2"}))
    log.together(lambda: [set_tags(log, 1, {"turn": str(number)}) for number in range(3, LENGTH + 1)])
    assert [seq for item in store.list("") if (seq := log_sequence(item.key))] == [1, 2, 3]
    entries = [data for _, data in LogReader(store, MODEL).after(0)]
    return [Pin(MODEL, seq, digest_of_bytes(data)) for seq, data in enumerate(entries, 1)]


def _contents(store: Store) -> dict[str, bytes | None]:
    return {item.key: store.get(item.key) for item in store.list("")}


def _require_refused(backend: Backend, pin: Pin) -> None:
    before = _contents(backend.open())

    def pinned() -> ModelLog:
        return ModelLog(backend.open(), MODEL, actor=Actor("tester"), clock=ticking(), pin=pin)

    uses: list[Callable[[], object]] = [
        lambda: pinned().read(),
        lambda: set_tags(pinned(), 1, {"c": "d"}),
        lambda: resolve_quickly(pinned(), "v1"),
        lambda: use_index(None, lambda index: catch_up(index, backend.open(), MODEL, pin)),
    ]
    for use in uses:
        with pytest.raises(IntegrityError, match=r"rolled back|pinned"):
            use()
    assert check_model(pinned(), read_data=False).findings
    assert _contents(backend.open()) == before, "something was written to a log that is not the pinned one"


def _cut(store: Store, length: int) -> None:
    """Take away the end of the log, and all that can be rebuilt."""
    with store.together():
        for key in [item.key for item in store.list("")]:
            seq = log_sequence(key)
            if (seq is None and "/objects/" not in key) or (seq is not None and seq > length):
                store.delete(key)


def test_a_log_that_is_cut_short_is_refused(backend: Backend, pins: list[Pin]) -> None:
    for length in (2, 1, 0):
        _cut(backend.open(), length)
        _require_refused(backend, pins[length])
        assert open_log(backend.open()).read().head == length, "it is whole in itself: only who remembers can tell"


def test_a_fork_is_refused_by_every_pin_after_it(backend: Backend, pins: list[Pin]) -> None:
    _cut(backend.open(), 2)
    forged = open_log(backend.open())
    forged.together(lambda: [set_tags(forged, 1, {"forged": str(number)}) for number in range(LENGTH)])
    for pin in pins[2:]:
        _require_refused(backend, pin)
    for pin in pins[:2]:
        honest = ModelLog(backend.open(), MODEL, actor=Actor("tester"), clock=ticking(), pin=pin)
        assert honest.read().head == LENGTH + 2


@pytest.mark.parametrize("backend", [PARAMETERS["git"]], indirect=True)
def test_a_remote_that_was_set_back_is_refused_by_another_machine(
    backend: Backend, pins: list[Pin], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backend.repository
    (ref,) = backend.repository.refs()
    backend.repository.git("update-ref", ref, f"{ref}~1")
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "another machine"))
    assert open_log(backend.open()).read().head < LENGTH
    _require_refused(backend, pins[-1])
