"""Collectors, and writers that stall, at once and by seeds: nothing that lives is ever deleted."""

from __future__ import annotations

import inspect
import random
import types
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry import collect as collecting
from mlops_ci.registry.check import check_model
from mlops_ci.registry.collect import collect, unused_objects
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.judge import record_evaluation
from mlops_ci.registry.register import register
from mlops_ci.workspace.layout import log_sequence, objects_prefix
from tests.parts.need import soak
from tests.registry.making import MODEL, local_file, open_log, registration, sha
from tests.workspace.memory import MemoryStore

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def _careless() -> Callable[..., object]:
    """A mutant that deletes without having said so in the log."""
    source = inspect.getsource(collecting)
    old = "        state = log.append(decide)\n"
    assert source.count(old) == 1
    assert source.count("doomed = state.condemned\n") == 1
    mutant = types.ModuleType("mlops_ci.registry.collect")
    replaced = source.replace(old, "        state = log.read()\n").replace(
        "doomed = state.condemned\n", "doomed = state.condemned | old\n"
    )
    exec(compile(replaced, "mutant", "exec"), mutant.__dict__)
    found: Callable[..., object] = mutant.collect
    return found


class World:
    """Writers and collectors whose turns come inside of each other's requests, by a seed."""

    def __init__(self, seed: int, sources: Path, collect_: Callable[..., object]) -> None:
        self.chance = random.Random(seed)
        self.sources = sources
        self.collect = collect_
        self.turns, self.depth, self.number = 40, 0, 0
        self.store = _TurningStore(self)
        self.acknowledged: dict[str, str] = {}

    def turn(self) -> None:
        if self.turns <= 0 or self.depth >= 4:
            return
        self.turns -= 1
        self.depth += 1
        try:
            self.chance.choice([self._register, self._register, self._collect, self._evaluate, self._delete])()
        finally:
            self.depth -= 1

    def _register(self) -> None:
        self.number += 1
        request = registration(self.sources, sha(self.number), f"f{self.number % 9}", files={"a": b"1", "b": b"2"})
        done = register(open_log(self.store), request)
        self.acknowledged[request.fingerprint] = done.version.digest

    def _evaluate(self) -> None:
        log = open_log(self.store)
        state = log.read()
        if state.versions:
            self.number += 1
            content = str(self.number).encode()
            file = local_file(self.sources, "predictions.csv", content)
            version = self.chance.choice(sorted(state.versions))
            try:
                record_evaluation(log, version, Evaluation(set="set", rows=self.number, predictions=file.record), file)
            except ConflictError:
                assert version in log.read().deleted

    def _collect(self) -> None:
        self.collect(open_log(self.store), now=LATER)

    def _delete(self) -> None:
        log = open_log(self.store)
        state = log.read()
        if state.versions:
            delete_version(log, self.chance.choice(sorted(state.versions)))


class _TurningStore(MemoryStore):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def create(self, key: str, data: bytes) -> bool:
        if log_sequence(key) or key.startswith(objects_prefix(MODEL)):
            self._world.turn()
        return super().create(key, data)

    def delete(self, key: str) -> None:
        self._world.turn()
        super().delete(key)


def require_live_objects(seeds: range, sources: Path, collect_: Callable[..., object]) -> int:
    collected = 0
    for seed in seeds:
        world = World(seed, sources, collect_)
        while world.turns > 0:
            world.turn()
        check = check_model(open_log(world.store), read_data=True)
        assert check.findings == (), f"seed {seed}: {check.findings}"
        collect(open_log(world.store), now=LATER)
        assert list(unused_objects(open_log(world.store))) == []
        collected += len(open_log(world.store).read().condemned)
    return collected


def _go_on(seconds: float) -> None:
    pass


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_ci.registry.model_log.time.sleep", _go_on)


@pytest.mark.usefixtures("_no_pauses")
def test_stalled_writers_and_collectors_at_once_leave_nothing_dangling(tmp_path: Path) -> None:
    assert require_live_objects(range(soak(60, 3000)), tmp_path / "sources", collect) > 60


@pytest.mark.usefixtures("_no_pauses")
def test_a_collector_without_an_entry_of_intent_is_caught(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, IntegrityError)):
        require_live_objects(range(50), tmp_path / "sources", _careless())
