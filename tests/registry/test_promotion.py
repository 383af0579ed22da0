"""Promotion of judged versions: what was judged is what is promoted, and never backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mlops_ci.errors import ConflictError
from mlops_ci.records.entry import Alias
from mlops_ci.records.verdict import Outcome
from mlops_ci.registry.biography import describe
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import BaselineMovedError, move_alias, promote_judged
from mlops_ci.registry.register import register
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import judged, open_log, require_whole, sha

#     a ─ b ─ c ─ d      main
#          ╲
#           x ─ y        what main was before a force-push
PARENTS = {"a": "", "b": "a", "c": "b", "d": "c", "x": "b", "y": "x"}
NAMES = {sha(name): name for name in PARENTS}


def _line(name: str) -> Iterator[str]:
    while name:
        yield name
        name = PARENTS[name]


def is_ancestor(ancestor: str, descendant: str) -> bool:
    return NAMES[ancestor] in _line(NAMES[descendant])


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


@pytest.fixture
def log(store: InterloperStore) -> ModelLog:
    return open_log(store)


@pytest.fixture
def train(log: ModelLog, make: Make) -> Callable[..., int]:
    """Register the model of a commit, trained on data of some day."""

    def train(name: str, day: int = 1, fingerprint: str | None = None) -> int:
        request = make(sha(name), fingerprint or f"{name}{day}", data_time=f"2026-01-{day:02d}T00:00:00.000Z")
        return register(log, request).version.version

    return train


Train = Callable[..., int]


def promote(log: ModelLog, version: int, commit: str | None = None) -> str:
    return promote_judged(log, judged(log, version, commit=commit), is_ancestor=is_ancestor)


def champion(store: InterloperStore) -> str | None:
    target = require_whole(store).aliases.get("champion")
    return NAMES[target.commit] if target and target.commit else None


def test_the_first_judged_version_is_promoted(store: InterloperStore, log: ModelLog, train: Train) -> None:
    assert promote(log, train("a")) == "promoted"
    assert champion(store) == "a"


def test_a_descendant_is_promoted_with_its_verdict(store: InterloperStore, log: ModelLog, train: Train) -> None:
    promote(log, train("a"))
    version = train("c")
    request = judged(log, version)
    assert promote_judged(log, request, is_ancestor=is_ancestor) == "promoted"
    body = list(open_log(store).entries())[-1].body
    assert body == Alias("champion", version, expect=1, commit=sha("c"), verdict=request.verdict, by_hand=False)


def test_the_log_tells_who_promotes_a_passed_version_by_hand_from_ci(log: ModelLog, train: Train) -> None:
    version = train("a")
    request = judged(log, version)
    move_alias(log, "champion", version, rollback=False, reason=None)
    entry = list(log.entries())[-1]
    assert entry.body == Alias("champion", version, None, sha("a"), request.verdict, by_hand=True)
    assert describe(entry) == f"champion set to v{version} by hand"


def test_a_late_job_is_superseded(store: InterloperStore, log: ModelLog, train: Train) -> None:
    late = train("b")
    promote(log, train("c"))
    assert promote(log, late) == "superseded"
    assert champion(store) == "c"


def test_a_job_run_again_changes_nothing(store: InterloperStore, log: ModelLog, train: Train) -> None:
    promote(log, train("c"))
    request = judged(log, train("c"))
    head = log.read().head
    assert promote_judged(log, request, is_ancestor=is_ancestor) == "unchanged"
    assert log.read().head == head


def test_a_job_run_again_after_a_newer_one_is_superseded(store: InterloperStore, log: ModelLog, train: Train) -> None:
    first = train("b")
    promote(log, first)
    promote(log, train("c"))
    assert promote(log, first) == "superseded"
    assert champion(store) == "c"


def test_diverged_history_is_a_conflict_that_says_how_to_go_on(
    store: InterloperStore, log: ModelLog, train: Train
) -> None:
    promote(log, train("y"))
    version = train("d")
    with pytest.raises(ConflictError, match="does not descend") as caught:
        promote(log, version)
    assert f"mlops-ci promote model@v{version}" in str(caught.value.hint)
    assert champion(store) == "y"
    move_alias(log, "champion", version, rollback=False, reason="history was rewritten")
    assert champion(store) == "d"


@pytest.mark.parametrize(("day", "outcome"), [(1, "superseded"), (2, "promoted"), (3, "promoted")])
def test_of_one_commit_the_model_of_later_data_wins(log: ModelLog, train: Train, day: int, outcome: str) -> None:
    promote(log, train("b", day=2, fingerprint="first"))
    assert promote(log, train("b", day=day, fingerprint="second")) == outcome


def test_later_data_never_outweighs_an_earlier_commit(store: InterloperStore, log: ModelLog, train: Train) -> None:
    promote(log, train("c", day=1))
    assert promote(log, train("b", day=9)) == "superseded"
    assert champion(store) == "c"


def test_the_descent_of_a_linked_version_is_that_of_the_linked_commit(
    store: InterloperStore, log: ModelLog, train: Train
) -> None:
    first = train("a", fingerprint="same")
    promote(log, train("b"))
    assert train("c", fingerprint="same") == first
    assert promote(log, first, commit=sha("c")) == "promoted"
    assert champion(store) == "c"


def test_a_model_without_a_commit_has_no_descent_to_compare(log: ModelLog, train: Train, make: Make) -> None:
    promote(log, train("c"))
    external = register(log, make(None, "external")).version.version
    assert promote(log, external) == "promoted"
    assert promote(log, train("b")) == "promoted"


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_verdict_that_did_not_pass_promotes_nothing(
    store: InterloperStore, log: ModelLog, train: Train, outcome: Outcome
) -> None:
    request = judged(log, train("a"))
    failed = replace(request, verdict=replace(request.verdict, outcome=outcome))
    with pytest.raises(ConflictError, match="no passing verdict"):
        promote_judged(log, failed, is_ancestor=is_ancestor)
    assert champion(store) is None


def require_judged_bytes(store: InterloperStore, make: Make, promote_it: Callable[..., object]) -> None:
    """Two runners trained one key to different bytes: the verdict on one promotes not the other."""
    log, other = open_log(store), open_log(store)
    ours = make(sha("a"), "f1", files={"model.bin": b"ours"})
    store.interlope = lambda: register(other, make(sha("a"), "f1", files={"model.bin": b"theirs"}))
    version = register(log, ours).version.version
    request = judged(log, version)
    wrong = replace(request, verdict=replace(request.verdict, candidate=ours.digest))
    try:
        promote_it(log, wrong, is_ancestor=is_ancestor)
    except ConflictError:
        pass
    else:
        raise AssertionError("bytes were promoted that nobody judged")
    assert champion(store) is None
    assert promote_it(log, request, is_ancestor=is_ancestor) == "promoted"


def test_what_was_judged_is_what_is_promoted(store: InterloperStore, make: Make) -> None:
    require_judged_bytes(store, make, promote_judged)


def test_a_baseline_that_moved_means_judging_again(store: InterloperStore, log: ModelLog, train: Train) -> None:
    promote(log, train("a"))
    other, version = train("b"), train("c")
    request = judged(log, version)
    promote(open_log(store), other)
    with pytest.raises(BaselineMovedError):
        promote_judged(log, request, is_ancestor=is_ancestor)
    assert champion(store) == "b"
    assert promote(log, version) == "promoted"


def require_fresh_baseline(store: InterloperStore, make: Make, promote_it: Callable[..., object]) -> None:
    """The alias moves between the look and the write: the verdict against the old baseline promotes nothing."""
    log = open_log(store)
    numbers = [register(log, make(sha(name), name)).version.version for name in "abc"]
    promote(log, numbers[0])
    request = judged(log, numbers[2])
    store.interlope = lambda: promote(open_log(store), numbers[1])
    with pytest.raises(BaselineMovedError):
        promote_it(log, request, is_ancestor=is_ancestor)
    assert champion(store) == "b"


def test_the_baseline_is_checked_again_after_a_lost_race(store: InterloperStore, make: Make) -> None:
    require_fresh_baseline(store, make, promote_judged)


def test_descent_is_checked_again_after_a_lost_race(store: InterloperStore, log: ModelLog, train: Train) -> None:
    promote(log, train("a"))
    late, newer = train("b"), train("d")
    request = judged(log, late)
    theirs = judged(log, newer)
    store.interlope = lambda: promote_judged(open_log(store), theirs, is_ancestor=is_ancestor)
    assert promote_judged(log, request, is_ancestor=is_ancestor) == "superseded"
    assert champion(store) == "d"


def test_the_same_promotion_by_two_jobs_happens_once(store: InterloperStore, log: ModelLog, train: Train) -> None:
    request = judged(log, train("a"))
    store.interlope = lambda: promote_judged(open_log(store), request, is_ancestor=is_ancestor)
    assert promote_judged(log, request, is_ancestor=is_ancestor) == "unchanged"
    assert sum(isinstance(entry.body, Alias) for entry in open_log(store).entries()) == 1


def test_an_unrelated_entry_in_between_hinders_nobody(
    store: InterloperStore, log: ModelLog, train: Train, make: Make
) -> None:
    request = judged(log, train("a"))
    store.interlope = lambda: register(open_log(store), make(sha("d"), "f9"))
    assert promote_judged(log, request, is_ancestor=is_ancestor) == "promoted"
    assert champion(store) == "a"
