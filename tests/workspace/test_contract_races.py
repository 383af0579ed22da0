"""Create-if-absent has one winner, and the losers read the winner's bytes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.workspace.durable_files import DurableFiles
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.workspace.forked import Acknowledge, at_once

THREADS = 8


def race(clients: list[Store], key: str) -> tuple[list[int], set[bytes | None]]:
    """Let all clients create one key at once; return who won, and what everybody read afterwards."""
    barrier = threading.Barrier(len(clients))

    def enter(number: int) -> tuple[bool, bytes | None]:
        barrier.wait()
        won = clients[number].create(key, f"writer {number} ".encode() * 100)
        return won, clients[number].get(key)

    with ThreadPoolExecutor(len(clients)) as pool:
        results = list(pool.map(enter, range(len(clients))))
    return [number for number, (won, _) in enumerate(results) if won], {read for _, read in results}


def require_one_winner(clients: list[Store], rounds: int) -> None:
    for number in range(rounds):
        winners, read = race(clients, f"races/{number}")
        assert len(winners) == 1, f"{len(winners)} writers were told that they created the key"
        assert read == {f"writer {winners[0]} ".encode() * 100}


def test_of_racing_threads_one_wins(backend: Backend) -> None:
    require_one_winner([backend.open() for _ in range(THREADS)], rounds=backend.rounds(soak(40, 1000)))


def create_each(number: int, acknowledge: Acknowledge, *, url: str, keys: int) -> None:
    store = open_store(url, Path.cwd())
    mine = f"process {number} ".encode() * 100
    for key in (f"races/{key}" for key in range(keys)):
        won, read = store.create(key, mine), store.get(key)
        acknowledge([key, won, read.decode() if read else None])


def test_of_racing_processes_one_wins(backend: Backend) -> None:
    if backend.url is None:
        pytest.skip("no other process can open this backend")
    processes, keys = 8, backend.rounds(soak(20, 500))
    acknowledged = at_once("tests.workspace.test_contract_races:create_each", processes, url=backend.url, keys=keys)
    for key in range(keys):
        rounds = [each[key] for each in acknowledged]
        winners = [number for number, (_, won, _) in enumerate(rounds) if won]
        assert len(winners) == 1
        assert {read for _, _, read in rounds} == {f"process {winners[0]} " * 100}


class RenamingFiles(DurableFiles):
    """A mutant: looks whether the key is free, and then renames, which overwrites."""

    def _link(self, temporary: str, target: str) -> bool:
        if Path(target).exists():
            return False
        time.sleep(0.001)
        Path(temporary).replace(target)
        return True


class RenamingStore(LocalStore):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files = RenamingFiles(root)


def test_a_store_that_renames_instead_of_linking_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="were told that they created"):
        require_one_winner([RenamingStore(tmp_path / "w") for _ in range(THREADS)], rounds=40)


def test_racing_uploads_of_a_file_leave_one_whole_object(backend: Backend, tmp_path: Path) -> None:
    sources = []
    for number in range(4):
        sources.append(tmp_path / f"source{number}")
        sources[-1].write_bytes(bytes([number]) * 300_000)
    clients = [backend.open() for _ in sources]
    with ThreadPoolExecutor(len(sources)) as pool:
        list(pool.map(lambda number: clients[number].upload("a", sources[number]), range(len(sources))))
    assert clients[0].get("a") in [source.read_bytes() for source in sources]


def test_deleting_and_creating_at_once_loses_no_writer(backend: Backend) -> None:
    """A writer never finds its folder gone because somebody deleted the last object in it."""
    writer, deleter, rounds = backend.open(), backend.open(), backend.rounds(100)
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            deleter.delete("folder/other")
            deleter.put("folder/other", b"")

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for number in range(rounds):
            assert writer.create(f"folder/{number}", b"x")
    finally:
        stop.set()
        thread.join()
    assert len([item for item in writer.list("folder/") if item.size]) == rounds
