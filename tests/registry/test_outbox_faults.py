"""Events over a bad line, by seeds: nothing is lost, and what comes twice has the same id."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlops_ci.errors import MlopsError, RemoteError
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from tests.parts.need import soak
from tests.registry.deliveries import DiedError, Receiver, Time, die, fail, point
from tests.registry.faulty import FaultyStore
from tests.registry.making import MODEL, open_log, registration, sha
from tests.workspace.memory import MemoryStore


def _nothing() -> None:
    pass


@pytest.mark.parametrize("tells", [False, True])
def test_over_a_bad_line_nothing_is_lost_and_the_newest_is_announced_last(tmp_path: Path, tells: bool) -> None:
    again = 0
    for seed in range(soak(25, 2000)):
        again += _deliver(seed, tmp_path / "sources", tells)
    assert (again == 0) == tells


def _deliver(seed: int, sources: Path, tells: bool) -> int:
    """Deliver by workers that fail and die; return how many events arrived more than once."""
    chance, truth, time = random.Random(seed), MemoryStore(), Time()
    for number in (1, 2, 3):
        register(open_log(truth), registration(sources, sha(number), f"f{number}"))
    receiver = Receiver(tells=tells)
    receiver.outbox(truth, time).deliver()
    faulty = FaultyStore(truth, chance, 0.1, _nothing)
    due = chance.randint(3, 10)
    for number in range(due):
        if chance.random() < 0.5:
            point(truth, 1 + number % 3)
        else:
            set_tags(open_log(truth), 1, {"n": str(number)})
        _try(chance, receiver, faulty, time)
    for _ in range(400):
        time.pass_(chance.choice([0, 11]))
        if _try(chance, receiver, faulty, time):
            break
    else:
        pytest.fail(f"seed {seed}: it does not converge")
    receiver.before = receiver.after = None
    head = open_log(truth).read().head
    first = list(dict.fromkeys(receiver.numbers))
    assert first == sorted(first), f"seed {seed}: out of order"
    settled = {key.rpartition("/")[2][:20] for key in truth.objects if key.endswith(".done.json")}
    assert {int(number) for number in settled} == set(range(4, head + 1)), f"seed {seed}: not all are settled"
    missing = set(range(4, head + 1)) - set(receiver.numbers)
    for seq in missing:
        marker = truth.objects[f"events/sink/{MODEL}/{seq:020d}.done.json"]
        assert b'"superseded"' in marker, f"seed {seed}: {seq} is lost"
    return len(receiver.numbers) - len(first)


def _try(chance: random.Random, receiver: Receiver, faulty: FaultyStore, time: Time) -> bool:
    receiver.before = fail if chance.random() < 0.1 else None
    receiver.after = die if chance.random() < 0.1 else None
    try:
        return receiver.outbox(faulty, time).deliver().held_up is None
    except DiedError:
        return False
    except MlopsError as error:
        assert isinstance(error, RemoteError)
        return False
