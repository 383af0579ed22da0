"""Appending to the log: lost races, lost replies, unknown ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlops_ci.errors import ConflictError, OutcomeUnknownError, RemoteError
from mlops_ci.registry.register import Registered, register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import log_sequence
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import open_log, require_whole, sha
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


def test_the_loser_of_a_slot_takes_the_next_one(store: InterloperStore, make: Make) -> None:
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1"))
    assert register(open_log(store), make(sha(2), "f2")).version.version == 2
    assert [version.commit for version in require_whole(store).versions.values()] == [sha(1), sha(2)]


def test_the_loser_of_a_race_for_one_key_gets_the_winners_version(store: InterloperStore, make: Make) -> None:
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1", files={"model.bin": b"theirs"}))
    done = register(open_log(store), make(sha(1), "f1", files={"model.bin": b"ours"}))
    assert (done.version.version, done.how, done.differs) == (1, "existing", True)
    assert list(require_whole(store).versions) == [1]


def test_the_loser_of_a_race_for_one_key_is_refused_on_request(store: InterloperStore, make: Make) -> None:
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1", files={"model.bin": b"theirs"}))
    with pytest.raises(ConflictError):
        register(open_log(store), make(sha(1), "f1", files={"model.bin": b"ours"}), on_existing="error")
    assert list(require_whole(store).versions) == [1]


def test_the_loser_of_a_race_for_one_fingerprint_is_linked(store: InterloperStore, make: Make) -> None:
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1"))
    done = register(open_log(store), make(sha(2), "f1"))
    assert (done.version.version, done.how) == (1, "linked")


def test_a_lost_race_uploads_only_once(store: InterloperStore, make: Make) -> None:
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1"))
    register(open_log(store), make(sha(2), "f2"))
    assert sum(1 for _ in store.list("models/model/objects/")) == 2


def test_a_tag_set_meanwhile_is_not_written_again(store: InterloperStore, make: Make) -> None:
    register(open_log(store), make(sha(1), "f1"))
    store.interlope = lambda: set_tags(open_log(store), 1, {"a": "b"})
    assert set_tags(open_log(store), 1, {"a": "b"}).tags == {"a": "b"}
    assert open_log(store).read().head == 2


class LosingStore(MemoryStore):
    """Loses the reply to the next creation of an entry, before or after the entry is there."""

    def __init__(self) -> None:
        super().__init__()
        self.lose: str | None = None
        self.deaf = False

    def create(self, key: str, data: bytes) -> bool:
        lose, self.lose = (self.lose, None) if log_sequence(key) else (None, self.lose)
        if lose == "before":
            raise RemoteError("connection reset")
        done = super().create(key, data)
        if lose == "after":
            raise RemoteError("timeout")
        if lose == "after, and then the line is dead":
            self.deaf = True
            raise RemoteError("timeout")
        return done

    def get(self, key: str) -> bytes | None:
        if self.deaf:
            raise RemoteError("no route to host")
        return super().get(key)


def test_a_lost_reply_to_a_write_that_happened_is_a_success(make: Make) -> None:
    store = LosingStore()
    store.lose = "after"
    done = register(open_log(store), make(sha(1), "f1"))
    assert (done.how, done.version.version) == ("created", 1)
    assert open_log(store).read().head == 1


def test_a_write_that_did_not_happen_is_a_failure_and_safe_to_repeat(make: Make) -> None:
    store = LosingStore()
    store.lose = "before"
    with pytest.raises(RemoteError):
        register(open_log(store), make(sha(1), "f1"))
    assert open_log(store).read().head == 0
    assert register(open_log(store), make(sha(1), "f1")).how == "created"
    assert list(require_whole(store).versions) == [1]


def test_a_write_whose_end_cannot_be_known_says_so_deletes_nothing_and_is_safe_to_repeat(make: Make) -> None:
    store = LosingStore()
    store.lose = "after, and then the line is dead"
    with pytest.raises(OutcomeUnknownError) as caught:
        register(open_log(store), make(sha(1), "f1"))
    assert caught.value.exit_code == 6
    store.deaf = False
    assert register(open_log(store), make(sha(1), "f1")).how == "existing"
    assert list(require_whole(store).versions) == [1]


def test_a_lost_reply_to_a_slot_that_somebody_else_won_is_a_lost_race(make: Make) -> None:
    class Both(LosingStore, InterloperStore):
        pass

    store = Both()
    store.interlope = lambda: register(open_log(store), make(sha(1), "f1"))
    # The interloper's own entry must not lose its reply.
    original: Callable[[], object] = store.interlope

    def interlope() -> None:
        original()
        store.lose = "after"

    store.interlope = interlope
    assert register(open_log(store), make(sha(2), "f2")).version.version == 2
    assert list(require_whole(store).versions) == [1, 2]


def test_two_clients_that_take_turns_see_each_other(store: InterloperStore, make: Make) -> None:
    logs = [open_log(store), open_log(store)]
    done: list[Registered] = [register(logs[n % 2], make(sha(n), f"f{n}")) for n in range(10)]
    assert [registered.version.version for registered in done] == list(range(1, 11))
