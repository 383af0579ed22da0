"""Whatever call fails, wherever the machine dies: the old version serves until the new one does, and it converges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from mlops_ci.errors import MlopsError
from tests.deployment.machine import FAULTS, Fault, Killed
from tests.deployment.office import NAME, Make, Office, outcome_of

Work = Callable[[Office], object]
# What there is before, and what is done then.
STORIES: dict[str, tuple[tuple[int, ...], Work]] = {
    "the first": ((), lambda office: office.deploy(1)),
    "the second": ((1,), lambda office: office.deploy(2)),
    "the third": ((1, 2), lambda office: office.deploy(3)),
    "the one before the last": ((1, 2, 3), lambda office: office.deploy(1)),
    "the same anew": ((1, 2), lambda office: office.deploy(2, again=True)),
    "back": ((1, 2), lambda office: office.rollback()),
    "down": ((1, 2), lambda office: office.delete()),
}


def _calls(make: Make, story: str) -> list[str]:
    before, work = STORIES[story]
    office = make(*before)
    work(office)
    return office.machine.names


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("story", STORIES)
def test_any_call_may_go_wrong(story: str, fault: Fault, make: Make) -> None:
    before, work = STORIES[story]
    calls = _calls(make, story)
    assert len(calls) > 5
    for at in range(1, len(calls) + 1):
        office = make(*before)
        was = office.serving
        if story != "down":
            office.machine.watch = office.require_answered
        office.machine.arm(at, fault)
        label = f"{story}, {fault}: call {at}, {calls[at - 1]}, of {calls}"
        try:
            try:
                work(office)
            except Killed:
                assert fault.startswith("killed"), label
            except MlopsError:
                assert not fault.startswith("killed"), label
                if story != "down":
                    _require_unharmed(office, was)
            if story != "down":
                assert office.serving is not None or not before, "clients get no answer"
            office.machine.reboot()
            again = "down" if story == "down" else "deploy"
            _converge(office, work, again)
        except AssertionError as error:
            raise AssertionError(f"{label}: {error}") from error


def _require_unharmed(office: Office, was: int | None) -> None:
    """A failure that could be dealt with left the old version as it was, or, if the log says so, the new one."""
    known = office.known
    assert office.serving == (known.version if known and known.instance else was)


def _converge(office: Office, work: Work, how: str) -> None:
    """The same once more leaves nothing of what was before."""
    if how == "down":
        outcome_of(office.delete)
        office.require_settled()
        assert office.known is None
        return
    before = office.known
    work(office)
    office.require_settled()
    assert office.known and office.known.stage == "serving"
    assert before is None or NAME in office.state.versions[office.known.version].serving


@pytest.mark.parametrize("fault", ["killed before", "killed after"])
@pytest.mark.parametrize("story", [story for story in STORIES if story != "down"])
def test_a_check_puts_right_what_a_dead_job_left(story: str, fault: Fault, make: Make) -> None:
    before, work = STORIES[story]
    calls = _calls(make, story)
    for at in range(1, len(calls) + 1):
        office = make(*before)
        office.machine.arm(at, fault)
        with pytest.raises(Killed):
            work(office)
        office.machine.reboot()
        if office.known and office.known.trial:
            younger = office.check()
            assert younger and younger.trial, "what may be alive was taken for dead"
            office.now += timedelta(hours=2)
        office.check()
        office.require_settled()


@pytest.mark.parametrize("fault", ["killed before", "killed after"])
def test_after_a_dead_job_one_that_fails_leaves_the_old_version_too(fault: Fault, make: Make) -> None:
    calls = _calls(make, "the second")
    for at in range(1, len(calls) + 1):
        office = make(1)
        office.machine.watch = office.require_answered
        office.machine.arm(at, fault)
        with pytest.raises(Killed):
            office.deploy(2)
        office.machine.reboot()
        old = office.known.version if office.known else None
        office.target.broken.add(3)
        assert outcome_of(lambda office=office: office.deploy(3))  # type: ignore[misc]
        assert office.serving == old, f"{fault}: call {at}, {calls[at - 1]}"
        assert office.known and office.known.trial is None
