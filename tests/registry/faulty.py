"""A store behind a bad line, and workers that register through it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from mlops_ci.errors import OutcomeUnknownError, RemoteError
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registration, register
from mlops_ci.workspace.store import Store, StoredObject, Written
from tests.registry.making import MODEL, open_log, registration, require_whole, sha
from tests.workspace.memory import MemoryStore

FAULTS = ("connection reset", "429 too many requests", "500 internal error")


class FaultyStore:
    """Passes every call on to a store, but may fail before it, or after it has had its effect.

    ``meanwhile`` is called now and then before an effect: somebody else's turn.
    """

    def __init__(self, store: Store, chance: random.Random, rate: float, meanwhile: Callable[[], None]) -> None:
        self.store = store
        self.seen: Counter[str] = Counter()
        self._chance = chance
        self._rate = rate
        self._meanwhile = meanwhile

    @property
    def url(self) -> str:
        return self.store.url

    def get(self, key: str) -> bytes | None:
        self._before()
        return self.store.get(key)

    def create(self, key: str, data: bytes) -> bool:
        self._before()
        created = self.store.create(key, data)
        self._after()
        return created

    def put(self, key: str, data: bytes) -> None:
        self._before()
        self.store.put(key, data)
        self._after()

    def upload(self, key: str, source: Path) -> Written:
        self._before()
        written = self.store.upload(key, source)
        self._after()
        return written

    def download(self, key: str, target: Path) -> Written | None:
        self._before()
        return self.store.download(key, target)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._before()
        for item in self.store.list(prefix):
            yield item
            self._before()

    def folders(self, prefix: str) -> Sequence[str]:
        self._before()
        return self.store.folders(prefix)

    def delete(self, key: str) -> None:
        self._before()
        self.store.delete(key)
        self._after()

    def together(self) -> AbstractContextManager[None]:
        return self.store.together()

    def sweep(self, before: float) -> int:
        self._before()
        return self.store.sweep(before)

    def _before(self) -> None:
        if self._chance.random() < 0.1:
            self._meanwhile()
        if self._chance.random() < self._rate:
            self.seen["before"] += 1
            raise RemoteError(self._chance.choice(FAULTS))

    def _after(self) -> None:
        if self._chance.random() < self._rate:
            self.seen["after"] += 1
            raise RemoteError("the reply was lost")


class Worker:
    """Registers one version after the other, again and again until it is acknowledged."""

    def __init__(self, log: ModelLog, requests: list[Registration], seen: Counter[str]) -> None:
        self.acknowledged: list[tuple[Registration, int]] = []
        self._log = log
        self._left = requests
        self._failed = False
        self._seen = seen
        self._working = False

    def done(self) -> bool:
        return not self._left

    def turn(self) -> None:
        """Try once. Only the errors that the Protocol and the log promise may end it."""
        if self._working or not self._left:
            return
        self._working = True
        request = self._left[0]
        try:
            registered = register(self._log, request)
        except OutcomeUnknownError:
            self._seen["unknown"] += 1
            self._failed = True
        except RemoteError:
            self._seen["failed"] += 1
            self._failed = True
        else:
            own = request.fingerprint.startswith("own")
            assert self._failed or not own or registered.how == "created", "what nobody had registered is said to exist"
            self._seen[registered.how] += 1
            self.acknowledged.append((self._left.pop(0), registered.version.version))
            self._failed = False
        finally:
            self._working = False


def require_convergence(seed: int, sources: Path, open_model: Callable[[Store], ModelLog] = open_log) -> Counter[str]:
    """Let two workers register over bad lines, and compare what they were told with what is there."""
    chance, truth, seen = random.Random(seed), MemoryStore(), Counter[str]()
    workers: list[Worker] = []

    def meanwhile() -> None:
        chance.choice(workers).turn()

    stores = [FaultyStore(truth, chance, chance.choice([0.05, 0.2, 0.4]), meanwhile) for _ in range(2)]
    for number, store in enumerate(stores):
        requests = [
            registration(sources, sha(f"own {number} {n}"), f"own {number} {n}") for n in range(chance.randint(1, 3))
        ]
        requests += [
            registration(sources, sha("shared"), "shared 1"),
            registration(sources, sha(f"{number}"), "shared 2"),
        ]
        chance.shuffle(requests)
        workers.append(Worker(open_model(store), requests, seen))
    turns = 0
    while not all(worker.done() for worker in workers):
        meanwhile()
        turns += 1
        assert turns < 5000, "running again does not converge"

    require_told_right(workers, truth)
    for store in stores:
        seen += store.seen
    return seen


def require_told_right(workers: Sequence[Worker], truth: Store, model: str = MODEL) -> None:
    """Compare what workers were told with what is there: nothing is lost, and nothing is there twice."""
    state = require_whole(truth, model)
    for request, number in (each for worker in workers for each in worker.acknowledged):
        version = state.versions.get(number)
        assert version is not None, f"v{number} was acknowledged and is lost"
        assert (version.fingerprint, version.digest) == (request.fingerprint, request.digest)
        assert request.commit in (version.commit, *version.links)
    asked = {request.fingerprint for worker in workers for request, _ in worker.acknowledged}
    assert {version.fingerprint for version in state.versions.values()} == asked
