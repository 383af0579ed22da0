"""What a version has to do before clients reach it, and what is left when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, RemoteError, UsageError
from mlops_ci.lifecycle.deploying import deploy
from mlops_ci.lifecycle.news import newsroom_of
from mlops_ci.records.entry import Deployed, Protect, Release
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.deploy import OvertakenError, begin, record_serving
from mlops_ci.registry.outbox import Event, Outbox, Sink
from mlops_ci.workspace.format import initialise
from tests.deployment.fake_target import URL
from tests.deployment.office import NAME, Make, Office, samples_of


def _story(office: Office, since: int = 0) -> list[str]:
    """The entries about deployments, after an entry."""
    told = []
    for entry in office.log().entries():
        match entry.body:
            case Deployed(stage=stage, version=version) if entry.envelope.seq > since:
                told.append(f"{stage} v{version}")
            case Protect(version=version) | Release(version=version) if entry.envelope.seq > since:
                told.append(f"{entry.envelope.op} v{version}")
    return told


def test_protection_comes_first_and_ends_last(make: Make) -> None:
    office = make()
    for version in (1, 2, 3):
        office.deploy(version)
    assert _story(office) == [
        "protect v1", "starting v1", "serving v1",
        "protect v2", "starting v2", "serving v2",
        "protect v3", "starting v3", "serving v3", "release v1",
    ]  # fmt: skip
    known = office.known
    assert known and known.instance and known.previous_instance
    assert (known.version, known.previous, known.instance.url) == (3, 2, URL)
    assert known.smoke and (known.smoke.rows, known.smoke.compared, known.smoke.differing) == (2, 2, 0)
    assert known.smoke.seconds > 0
    with pytest.raises(ConflictError, match="deployed: shop"):
        delete_version(office.log(), 2)
    delete_version(office.log(), 1)


def test_a_version_that_serves_well_is_left_alone(make: Make) -> None:
    office = make(1, 2)
    before, head = office.target.started, office.state.head
    assert office.deploy(2).how == "unchanged"
    assert (office.target.started, office.state.head) == (before, head)
    assert office.deploy(2, again=True).how == "deployed"
    assert office.known and office.known.previous == 1, "the same version once more is nothing to go back to"


def test_a_version_that_is_ill_is_deployed_anew(make: Make) -> None:
    office = make(1, 2)
    office.target.running[office.target.traffic or ""].condition = "stopped"
    office.machine.watch = lambda: None
    assert office.deploy(2).how == "deployed"
    office.require_settled()


@pytest.mark.parametrize(
    ("what", "error", "reason"),
    [
        ("broken", RemoteError, "it ended before it was ready: OOMKilled"),
        ("slow", RemoteError, "it is not ready after 60 s: /health/ready answers 503: the model is loading"),
        ("liars", IntegrityError, "row 0, prediction: 3.0 was recorded, 4.0 is answered, 0.33 apart"),
        ("deaf", RemoteError, "nobody answers clients"),
    ],
)
def test_what_does_not_come_up_leaves_the_old_one_where_it_is(
    make: Make, what: str, error: type[Exception], reason: str
) -> None:
    office = make(1, 2)
    getattr(office.target, what).add(3)
    before = office.known
    with pytest.raises(error, match=".*" + reason.replace("(", r"\(")):
        office.deploy(3)
    office.require_settled()
    assert office.known == before and office.serving == 2
    assert _story(office)[-4:] == ["protect v3", "starting v3", "failed v3", "release v3"]
    failed = [entry.body for entry in office.log().entries()][-2]
    assert isinstance(failed, Deployed) and reason in (failed.reason or "")
    if what in {"broken", "slow"}:
        assert ("log", "its last words") in office.said


def test_the_first_that_fails_leaves_nothing(make: Make) -> None:
    office = make()
    office.target.broken.add(1)
    with pytest.raises(RemoteError):
        office.deploy(1)
    office.require_settled()
    assert office.known is None


def test_a_version_without_samples_is_only_asked_whether_it_is_ready(make: Make) -> None:
    office = make()
    done = deploy(office.site(), 1, office.order, None)
    assert done.state.smoke is None
    assert [text for stage, text in office.said if stage == "smoke"] == [
        "warning: the version has no samples; all that is known is that it is ready"
    ]


def test_of_two_at_once_the_later_wins(make: Make) -> None:
    office = make(1)
    first = office.site()

    def overtaken(version: int, unique: str) -> object:
        order = office.order(version, unique)
        office.deploy(3)  # somebody else, while the image is made
        return order

    with pytest.raises(OvertakenError, match=r"given up|deploys v3") as caught:
        deploy(first, 2, overtaken, samples_of(2))  # type: ignore[arg-type]
    assert caught.value.exit_code == 4
    office.require_settled()
    assert office.serving == 3


def test_who_was_overtaken_cannot_say_that_it_serves(make: Make) -> None:
    office = make(1)
    log = office.log()
    first = begin(log, NAME, 2)
    begin(office.log(), NAME, 3)
    instance = office.known.instance if office.known else None
    assert instance
    with pytest.raises(OvertakenError, match="tester deploys v3 to shop since"):
        record_serving(log, NAME, first, instance, None)


def test_another_workspace_at_the_same_place_is_left_alone(make: Make) -> None:
    office = make(1)
    theirs = office.site("another")
    stranger = office.target.start(office.order(9, theirs.unique(7)))
    office.deploy(2)
    assert stranger.id in office.target.running


def test_back_and_forth(make: Make) -> None:
    office = make(1, 2)
    started = office.target.started
    assert office.rollback().how == "rolled back"
    office.require_settled()
    assert (office.serving, office.target.started) == (1, started), "the instance that was kept"
    office.rollback()
    assert office.serving == 2
    del office.target.running[office.known.previous_instance.id]  # type: ignore[union-attr]
    office.rollback()
    office.require_settled()
    assert (office.serving, office.target.started) == (1, started + 1), "started anew, as it was gone"


def test_a_rollback_that_fails_keeps_what_it_could_not_go_back_to(make: Make) -> None:
    office = make(1, 2)
    office.target.liars.add(1)
    with pytest.raises(IntegrityError):
        office.rollback()
    office.require_settled()
    assert office.serving == 2 and office.known and office.known.previous == 1


def test_there_must_be_something_to_go_back_to(make: Make) -> None:
    with pytest.raises(UsageError, match="no previous version"):
        make(1).rollback()
    with pytest.raises(UsageError, match="no such deployment"):
        make().delete()


def test_checks_write_down_what_changed_and_nothing_else(make: Make) -> None:
    office = make(1, 2)
    first = office.check()
    assert first and (first.health, first.changed) == ("healthy", True)
    head = office.state.head
    assert (office.check(), office.state.head) != (None, head + 1)
    office.target.liars.add(2)
    ill = office.check()
    assert ill and (ill.health, ill.changed) == ("unhealthy", True)
    assert "2 of 2 rows are answered otherwise than was recorded; row 0" in (ill.reason or "")
    assert office.known and office.known.stage == "unhealthy"
    again = office.check()
    assert again and not again.changed
    office.target.liars.clear()
    assert office.check()
    assert _story(office)[-3:] == ["healthy v2", "unhealthy v2", "healthy v2"]


def test_a_place_that_cannot_be_asked_says_nothing_of_health(make: Make) -> None:
    office = make(1)
    office.machine.arm(1, "fails")
    with pytest.raises(RemoteError, match="status fails"):
        office.check()
    assert office.known and office.known.stage == "serving"


def test_others_hear_of_it(make: Make, tmp_path: Path) -> None:
    office = make(1, 2)
    initialise(office.store)
    office.target.broken.add(3)
    with pytest.raises(RemoteError):
        office.deploy(3)
    office.target.liars.add(2)
    office.check()
    events = [event for _, event in newsroom_of(office.log()).events() if event.data.deployment]
    assert [(event.type, event.data.version, event.data.previous) for event in events] == [
        ("mlops-ci.model-deployed", 1, None),
        ("mlops-ci.model-deployed", 2, 1),
        ("mlops-ci.deployment-failed", 3, 2),
        ("mlops-ci.deployment-failed", 2, 2),
    ]
    assert (events[1].data.endpoint, events[1].data.target, events[1].data.deployment) == (URL, "docker", NAME)
    assert events[2].data.reason == "it ended before it was ready: OOMKilled"


def test_others_hear_of_the_end_and_where_it_was_and_nobody_serves_before_the_next(make: Make) -> None:
    office = make(1, 2)
    initialise(office.store)
    office.delete()
    office.deploy(1)
    events = [event for _, event in newsroom_of(office.log()).events() if event.data.deployment][2:]
    assert [(event.type, event.data.version, event.data.previous) for event in events] == [
        ("mlops-ci.deployment-deleted", 2, None),
        ("mlops-ci.model-deployed", 1, None),
    ]
    assert (events[0].data.endpoint, events[0].data.target, events[0].data.reason) == (URL, "docker", None)


def test_the_end_of_what_is_there_again_is_not_announced_any_more(make: Make) -> None:
    office = make(1)
    told: list[str] = []

    def send(event: Event) -> None:
        assert isinstance(event.entry.body, Deployed)
        told.append(event.entry.body.stage)

    sink = Sink("anybody", lambda entry: isinstance(entry.body, Deployed), send)
    outbox = Outbox(office.log(), "w", sink, clock=office.clock)
    outbox.start()
    office.delete()
    office.deploy(1)
    outbox.deliver()
    assert "deleted" not in told
    office.delete()
    outbox.deliver()
    assert told[-1] == "deleted"
