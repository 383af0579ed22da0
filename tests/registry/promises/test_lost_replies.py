"""A bad line to the real server costs time, and never a wrong answer: two writers race over it.

``MLOPS_CI_SOAK=1`` tries hundreds of seeds instead of some.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.registry.register import Registration
from mlops_ci.workspace.store import Store
from tests.parts.backends import PARAMETERS, Backend
from tests.parts.need import soak
from tests.registry.faulty import Worker, require_told_right
from tests.registry.making import open_log, registration, sha
from tests.registry.promises.lines import bad_line

# A workspace in two places has no line of its own.
SEEDS = {"local": (20, 1000), "gcs": (6, 1000), "azure": (5, 1000), "s3": (5, 500), "git": (1, 20)}
SHARES = (0.4, 0.2, 0.05)  # of the requests are spoilt
TRIES = 2000


def _requests(seed: int, number: int, sources: Path, chance: random.Random) -> list[Registration]:
    """What a worker registers: versions of its own, one that both want, and one that each links to."""
    own = [f"own {seed} {number} {n}" for n in range(chance.randint(1, 2))]
    requests = [registration(sources, sha(name), name) for name in own]
    requests += [registration(sources, sha("shared"), "shared 1"), registration(sources, sha(number), "shared 2")]
    chance.shuffle(requests)
    return requests


def _work(store: Store, requests: list[Registration], model: str) -> tuple[Worker, Counter[str]]:
    seen: Counter[str] = Counter()
    worker = Worker(open_log(store, model), requests, seen)
    for _ in range(TRIES):
        if worker.done():
            return worker, seen
        worker.turn()
    raise AssertionError("running again does not converge")


@pytest.mark.parametrize("backend", [PARAMETERS[name] for name in sorted(SEEDS)], indirect=True)
def test_nothing_is_lost_or_doubled_or_said_to_have_failed_for_good(backend: Backend, sources: Path, seed: int) -> None:
    count, seen, faults = soak(*SEEDS[backend.name]), Counter[str](), Counter[str]()
    for one in range(seed, seed + count):
        chance, model = random.Random(one), f"model-{one - seed}"
        requests = [_requests(one, number, sources, chance) for number in range(2)]
        with (
            bad_line(backend, one, SHARES[(one - seed) % len(SHARES)], faults) as open_store,
            ThreadPoolExecutor(2) as pool,
        ):
            done = list(pool.map(_work, [open_store(), open_store()], requests, [model, model]))
        require_told_right([worker for worker, _ in done], backend.open(), model)
        seen += done[0][1] + done[1][1]
    print(f"{backend.name}: {count} seeds, {dict(faults)}, {dict(seen)}")  # noqa: T201
    assert seen["created"], "nobody registered anything"
    assert faults, "nothing was spoilt"
