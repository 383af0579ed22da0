"""Which moment decided on a version, and what the aliases meant then."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.records.actor import Actor
from mlops_ci.records.entry import LOG_FORMAT, Alias, Body, Envelope, Judged, Register, VerdictReference
from mlops_ci.records.operations import operation_of
from mlops_ci.registry.past import Moment, moments
from mlops_ci.registry.state import LogEntry
from tests.registry.making import verdict


def log(*bodies: Body) -> Iterator[LogEntry]:
    for seq, body in enumerate(bodies, start=1):
        yield LogEntry(
            Envelope(LOG_FORMAT, operation_of(body), True, seq, None, "t", "2026-01-01T00:00:00Z", Actor("tester")),
            body,
        )


def registered(version: int) -> Register:
    return Register(version, "c", f"f{version}", f"sha256:{version}", "a", ())


def judged(version: int) -> Judged:
    return Judged(version, verdict(f"sha256:{version}", "pass"))


def moved(alias: str, version: int, expect: int | None, on: int | None = None) -> Alias:
    return Alias(alias, version, expect, verdict=VerdictReference(on, "d", "pass") if on else None)


def seen(moment: Moment) -> tuple[int, dict[str, int], bool]:
    return moment.seq, dict(moment.aliases), moment.promoted


def test_a_version_is_decided_on_by_the_verdict_that_promoted_it() -> None:
    found = moments(
        log(
            registered(1), moved("champion", 1, None),
            registered(2), judged(2), registered(3), judged(3), moved("champion", 3, 1, on=6),
            judged(2),  # against v3 now, and again in vain
            judged(3),  # by other rules, when it was the champion already
        ),
        "champion",
    )  # fmt: skip
    assert seen(found[1]) == (1, {}, True)
    assert seen(found[2]) == (8, {"champion": 3}, False)
    assert seen(found[3]) == (6, {"champion": 1}, True)


def test_without_a_verdict_it_is_the_registration_that_counts() -> None:
    found = moments(log(registered(1), moved("anchor", 1, None), registered(2)), "champion")
    assert seen(found[2]) == (3, {"anchor": 1}, False) and found[2].verdict is None


def test_going_back_to_an_old_version_is_no_new_decision() -> None:
    bodies: list[Body] = [registered(1), judged(1), moved("champion", 1, None, on=2), registered(2), judged(2)]
    bodies += [moved("champion", 2, 1, on=5), moved("champion", 1, 2), judged(2)]
    found = moments(log(*bodies), "champion")
    assert seen(found[1]) == (2, {}, True) and seen(found[2]) == (5, {"champion": 1}, True)


def test_the_verdict_that_is_named_counts_and_not_the_newest() -> None:
    bodies: list[Body] = [
        registered(1),
        moved("champion", 1, None),
        registered(2),
        judged(2),
        moved("anchor", 1, None),
        judged(2),
    ]
    found = moments(log(*bodies, moved("champion", 2, 1, on=4)), "champion")
    assert seen(found[2]) == (4, {"champion": 1}, True)
