"""A bad line to each backend: what passes is delayed, refused, cut or lost, in an order that a seed decides."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.store import ObjectStore
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend
from tests.parts.bucket import Bucket
from tests.parts.faulty_proxy import FAULTS, faulty_proxy
from tests.parts.git_http import Repository
from tests.parts.loopback import Request
from tests.registry.faulty import FaultyStore

_IMPATIENT = Patience(total=0.05, first=0.001, longest=0.01)
_STATUS = {"lost": 0, "429": 429, "500": 500}

OpenStore = Callable[[], Store]


@contextmanager
def bad_line(backend: Backend, seed: int, share: float, seen: Counter[str]) -> Iterator[OpenStore]:
    """Give the way to open clients behind the line. What they do not get over by trying again, they raise."""
    chance, lock = random.Random(seed), threading.Lock()

    def spoil(faults: tuple[str, ...]) -> str | None:
        with lock:
            fault = chance.choice(faults) if chance.random() < share else None
            seen.update([fault] if fault else [])
            return fault

    if backend.bucket:
        with _through_proxy(backend, backend.bucket, spoil) as open_store:
            yield open_store
    elif backend.repository:
        with _failing(backend.repository, spoil):
            yield backend.open
    else:
        stores: list[FaultyStore] = []

        def open_faulty() -> Store:
            stores.append(FaultyStore(backend.open(), chance, share / 2, lambda: None))
            return stores[-1]

        yield open_faulty
        for store in stores:
            seen += store.seen


@contextmanager
def _through_proxy(
    backend: Backend, bucket: Bucket, spoil: Callable[[tuple[str, ...]], str | None]
) -> Iterator[OpenStore]:
    def choose(request: Request) -> str | None:
        return spoil(FAULTS)

    with faulty_proxy(bucket.endpoint, choose) as endpoint:
        assert backend.url
        url = backend.url.replace(bucket.endpoint, endpoint)
        yield lambda: ObjectStore(parse_address(url), patience=_IMPATIENT)


@contextmanager
def _failing(repository: Repository, spoil: Callable[[tuple[str, ...]], str | None]) -> Iterator[None]:
    """Requests to git are spoilt before git has done its work, or after."""

    def fault(service: str, when: str) -> int | None:
        found = spoil(("late", "lost", "429", "500"))
        if found == "late":
            time.sleep(0.01)
        return _STATUS.get(found or "")

    repository.fault = fault
    try:
        yield
    finally:
        repository.fault = None
