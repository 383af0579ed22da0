"""Entries that belong together are decided on one after the other and written as one object, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, MlopsError, OutcomeUnknownError, RemoteError
from mlops_ci.records.entry import Body
from mlops_ci.registry.log_objects import joined, parted
from mlops_ci.registry.looks import spend_looks
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_prefix, log_sequence, objects_prefix
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import LostRaceError, Store
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, open_log, require_whole, sha
from tests.registry.test_append import LosingStore
from tests.workspace.memory import MemoryStore


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:

    def go_on(seconds: float) -> None:
        pass

    monkeypatch.setattr("mlops_ci.registry.model_log.time.sleep", go_on)


def objects(store: Store) -> list[int]:
    """The numbers of the log's objects."""
    return [log_sequence(item.key) or 0 for item in store.list(log_prefix(MODEL))]


def two(log: ModelLog, make: Make, number: int = 1) -> Callable[[], int]:
    """A version and a tag."""

    def work() -> int:
        version = register(log, make(sha(number), f"f{number}")).version.version
        set_tags(log, version, {"a": "b"})
        return version

    return work


def test_what_belongs_together_is_one_object_and_one_entry_an_object_of_its_own(
    store: Store, log: ModelLog, make: Make
) -> None:
    assert log.together(two(log, make)) == 1
    set_tags(log, 1, {"c": "d"})
    log.together(lambda: set_tags(log, 1, {"e": "f"}))
    assert log.together(two(log, make, 2)) == 2
    assert objects(store) == [1, 3, 4, 5]
    assert (store.get(f"{log_prefix(MODEL)}{4:020}.json") or b"").count(b"\n") == 0
    assert require_whole(store) == log.read()


def test_nothing_is_seen_before_the_end_and_a_hint_is_written_after_it(make: Make) -> None:
    store = MemoryStore()
    log = open_log(store)

    def work() -> None:
        two(log, make)()
        assert objects(store) == []
        assert store.get(hint_key(MODEL)) is None
        assert open_log(store).read().head == 0
        assert log.read().head == log.folded.head == 2

    log.together(work)
    assert open_log(store).read().head == 2


def test_what_is_not_written_yet_can_be_read_by_who_has_decided_on_it(store: Store, log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1"))

    def work() -> None:
        set_tags(log, 1, {"a": "b"})
        set_tags(log, 1, {"c": "d"})
        assert [entry.envelope.seq for entry in log.entries()] == [1, 2, 3]
        assert [entry.envelope.seq for entry in log.entries_after(1)] == [2, 3]
        found = [log.entry(seq) for seq in range(1, 5)]
        assert [entry.envelope.seq if entry else None for entry in found] == [1, 2, 3, None]
        assert log.read().versions[1].tags == {"a": "b", "c": "d"}

    log.together(work)
    assert require_whole(store).head == 3


def test_inside_of_what_belongs_together_more_may_belong_together(store: Store, log: ModelLog, make: Make) -> None:
    def work() -> int:
        version = log.together(two(log, make))
        log.together(lambda: log.together(lambda: set_tags(log, version, {"c": "d"})))
        move_alias(log, "champion", version, rollback=False, reason=None)
        return version

    assert log.together(work) == 1
    assert objects(store) == [1]
    assert require_whole(store).head == 4
    assert open_log(store).read().aliases["champion"].version == 1


def test_what_ends_in_an_error_leaves_no_entry_and_the_log_goes_on(store: Store, log: ModelLog, make: Make) -> None:
    def work() -> None:
        two(log, make)()
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        log.together(work)
    assert objects(store) == []
    assert log.read().head == 0
    set_tags(log, register(log, make(sha(2), "f2")).version.version, {"x": "y"})
    assert objects(store) == [1, 2]


def test_an_entry_that_the_fold_refuses_takes_all_with_it(store: Store, log: ModelLog, make: Make) -> None:
    def work() -> None:
        two(log, make)()

        def again(state: ModelState) -> Body | None:
            return next(iter(log.entries())).body

        log.append(again)

    with pytest.raises(IntegrityError):
        log.together(work)
    assert objects(store) == []


def test_who_loses_the_slot_does_all_again_on_what_the_winner_wrote(make: Make) -> None:
    store = InterloperStore()
    log, rounds = open_log(store), Counter[str]()
    other = open_log(store)

    def work() -> int:
        rounds["ours"] += 1
        return two(log, make, 1)()

    store.interlope = lambda: other.together(two(other, make, 2))
    assert log.together(work) == 2
    assert rounds["ours"] == 2
    assert objects(store) == [1, 3]
    assert len(list(store.list(objects_prefix(MODEL)))) == 2, "what was uploaded is not sent again"
    assert require_whole(store) == log.read()


def test_the_same_key_in_two_groups_that_race_is_one_version(make: Make) -> None:
    store = InterloperStore()
    log, other = open_log(store), open_log(store)
    store.interlope = lambda: other.together(two(other, make))
    assert log.together(two(log, make)) == 1
    assert objects(store) == [1], "there was nothing left to write"


def test_what_must_be_on_record_before_the_rest_is_settled_and_a_race_for_it_is_not_missed(make: Make) -> None:
    store = InterloperStore()
    log, rounds = open_log(store), Counter[str]()
    register(log, make(sha(1), "f1"))

    def work() -> str:
        rounds["ours"] += 1
        set_tags(log, 1, {"a": "b"})
        try:
            numbers = spend_looks(log, "set", ["one"])
        except MlopsError as error:  # as who returns an error, so that what was written stays
            with pytest.raises(LostRaceError):
                log.read()
            return error.what
        assert objects(store)[-1] == rounds["ours"] + 1, "the look is there before anything is computed"
        set_tags(log, 1, {"number": str(numbers["one"])})
        set_tags(log, 1, {"c": "d"})
        return "done"

    store.interlope = lambda: spend_looks(open_log(store), "set", ["another"])
    assert log.together(work) == "done"
    assert rounds["ours"] == 2
    assert objects(store) == [1, 2, 3, 5]
    assert require_whole(store).versions[1].tags["number"] == "2"


@pytest.mark.parametrize("lose", ["before", "after"])
def test_a_lost_reply_to_a_group_is_settled_by_reading_it_back(make: Make, lose: str) -> None:
    store = LosingStore()
    log = open_log(store)
    store.lose = lose
    if lose == "before":
        with pytest.raises(RemoteError):
            log.together(two(log, make))
        assert objects(store) == []
    assert log.together(two(log, make)) == 1
    assert objects(store) == [1]
    assert require_whole(store).head == 2


def test_a_group_whose_end_cannot_be_known_says_so_and_is_safe_to_repeat(make: Make) -> None:
    store = LosingStore()
    log = open_log(store)
    store.lose = "after, and then the line is dead"
    with pytest.raises(OutcomeUnknownError):
        log.together(two(log, make))
    store.deaf = False
    assert log.together(two(log, make)) == 1
    assert require_whole(store).head == 2


def test_half_a_group_is_in_no_state_that_a_reader_goes_on_with(make: Make) -> None:
    store = MemoryStore()
    writer, reader = open_log(store), open_log(store)
    register(writer, make(sha(1), "f1"))
    reader.read()
    writer.together(lambda: [set_tags(writer, 1, {"n": str(number)}) for number in range(3)])
    key = f"{log_prefix(MODEL)}{2:020}.json"
    healthy = store.objects[key]
    first, second, _ = parted(healthy, key)
    store.put(key, joined([first, second, first]))
    for _ in range(2):
        with pytest.raises(IntegrityError):
            reader.read()
        assert reader.folded.head in {0, 1}
    store.put(key, healthy)
    assert reader.read().versions[1].tags == {"n": "2"}


class TellingStore(MemoryStore):
    """Notes which keys are created, be they there already."""

    def __init__(self) -> None:
        super().__init__()
        self.created: list[str] = []

    def create(self, key: str, data: bytes) -> bool:
        self.created.append(key)
        return super().create(key, data)


def test_what_was_found_is_made_durable_once_before_it_is_acknowledged(make: Make) -> None:
    store = TellingStore()
    log = open_log(store)
    log.together(two(log, make))
    store.created.clear()
    for reader in (log, open_log(store)):
        reader.together(two(reader, make))
        assert store.created == [f"{log_prefix(MODEL)}{1:020}.json"], "the group, which a dead writer may have left"
        store.created.clear()
    log.together(lambda: None)
    assert store.created == []


def test_a_thousand_versions_together_are_one_write(tmp_path: Path, make: Make) -> None:
    store = LocalStore(tmp_path / "workspace")
    log = open_log(store)
    log.together(lambda: [register(log, make(sha(n), f"f{n}", files={"m": b"x"})) for n in range(300)])
    assert objects(store) == [1]
    assert list(require_whole(store).versions) == list(range(1, 301))
    assert list((tmp_path / "workspace" / ".tmp").iterdir()) == []
    set_tags(open_log(store), 300, {"a": "b"})
    assert objects(store) == [1, 301]
    assert require_whole(store).versions[300].tags == {"a": "b"}
