"""Writers on a storage where writes that belong together are seen all at once, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, RemoteError
from mlops_ci.registry.judge import record_evaluation
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from tests.registry.conftest import Make
from tests.registry.making import open_log, require_whole, sha, with_predictions
from tests.workspace.staging import StagingStore


@pytest.fixture
def ours() -> StagingStore:
    return StagingStore()


@pytest.fixture
def theirs(ours: StagingStore) -> StagingStore:
    return StagingStore(ours.remote)


def tagging(theirs: StagingStore, tag: str) -> Callable[[], object]:
    return lambda: set_tags(open_log(theirs), 1, {tag: "set"})


def test_a_verb_is_one_push(ours: StagingStore, make: Make) -> None:
    log = open_log(ours)
    register(log, make(sha(1), "f1", files={"a": b"1", "b": b"2"}))
    move_alias(log, "champion", 1, rollback=False, reason=None)
    assert ours.pushes == 2


def test_files_that_were_dropped_with_a_lost_race_are_sent_again(
    ours: StagingStore, theirs: StagingStore, make: Make, tmp_path: Path
) -> None:
    register(open_log(ours), make(sha(1), "f1"))
    ours.before_push = tagging(theirs, "a")
    log = open_log(ours)
    assert register(log, make(sha(2), "f2")).version.version == 2
    predictions = with_predictions(tmp_path / "sources", b"scores")
    ours.before_push = tagging(theirs, "b")
    record_evaluation(log, 2, predictions["evaluation"], predictions["predictions"])
    state = require_whole(theirs)
    assert state.versions[1].tags == {"a": "set", "b": "set"}
    assert len(state.versions[2].evaluations) == 1


def test_after_a_failed_push_the_same_log_goes_on_from_what_is_there(
    ours: StagingStore, theirs: StagingStore, make: Make
) -> None:
    log = open_log(ours)
    register(log, make(sha(1), "f1"))

    def fail() -> None:
        raise RemoteError("the line is down")

    ours.before_push = fail
    with pytest.raises(RemoteError):
        set_tags(log, 1, {"a": "b"})
    set_tags(log, 1, {"c": "d"})
    assert require_whole(theirs).versions[1].tags == {"c": "d"}


def test_work_that_belongs_together_is_done_again_when_a_race_is_lost(
    ours: StagingStore, theirs: StagingStore, make: Make
) -> None:
    log, rounds = open_log(ours), 0
    register(log, make(sha(1), "f1"))

    def work() -> int:
        nonlocal rounds
        rounds += 1
        version = register(log, make(sha(2), "f2")).version.version
        move_alias(log, "champion", version, rollback=False, reason=None)
        return version

    ours.before_push = tagging(theirs, "a")
    assert log.together(work) == 2
    assert rounds == 2
    state = require_whole(theirs)
    assert (state.aliases["champion"].version, state.head) == (2, 4)


def test_a_conflict_inside_drops_what_was_staged_and_nothing_else(ours: StagingStore, make: Make) -> None:
    log = open_log(ours)
    register(log, make(sha(1), "f1"))

    def work() -> None:
        register(log, make(sha(2), "f2"))
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        log.together(work)
    assert list(require_whole(ours).versions) == [1]
    assert register(log, make(sha(3), "f3")).version.version == 2
