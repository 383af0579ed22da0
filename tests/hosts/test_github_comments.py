"""Comments on GitHub, against the stand-in, which holds every request to GitHub's published contract."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import MlopsError, OutcomeUnknownError, RemoteError
from mlops_ci.hosts.reviews import Conversation
from tests.hosts.github_api import PERMISSIONS, Place, make_place
from tests.parts.github import FAULTS, FakeGitHub, Faults
from tests.parts.github.tokens import IDENTITIES

MARKER = "<!-- mlops-ci report -->"
OURS = f"{MARKER}\nours"


@pytest.fixture
def place(github: FakeGitHub) -> Place:
    return make_place(github)


def failing(call: Any, kind: type[MlopsError] = RemoteError) -> str:
    with pytest.raises(kind) as raised:
        call()
    assert type(raised.value) is kind or kind is RemoteError
    return raised.value.line()


def test_a_comment_is_written_found_changed_and_deleted(place: Place) -> None:
    conversation = place.conversation()
    posted = conversation.post(OURS, resolved=False)
    assert conversation.ours(MARKER) == [posted]
    conversation.update(posted.id, lambda: f"{OURS} again", resolved=True)
    assert [each.body for each in conversation.ours(MARKER)] == [f"{OURS} again"]
    conversation.delete(posted.id)
    conversation.delete(posted.id)
    assert place.bodies == []


def test_nobody_elses_comment_is_ours(place: Place) -> None:
    person, bot, app = (IDENTITIES[kind] for kind in ("pat", "github-token", "app"))
    place.repository.comment(1, OURS, person)  # anybody can copy a marker
    place.repository.comment(1, f"see {MARKER}", bot)
    first = place.repository.comment(1, OURS, bot)
    second = place.repository.comment(1, f"{OURS} 2", app)
    assert [each.id for each in place.conversation().ours(MARKER)] == [str(first.id), str(second.id)]


def test_a_personal_tokens_comments_are_those_of_its_owner(place: Place) -> None:
    token = place.repository.token(PERMISSIONS, "pat")
    place.repository.comment(1, OURS, IDENTITIES["github-token"])
    conversation = place.conversation(token)
    posted = conversation.post(OURS, resolved=False)
    assert conversation.ours(MARKER) == conversation.ours(MARKER) == [posted]
    assert place.asked.count("GET /user") == 1


def test_the_token_of_a_job_is_not_asked_who_it_is(place: Place) -> None:
    place.conversation().ours(MARKER)
    assert place.asked == ["GET /issues/1/comments"]


def test_all_pages_are_read(place: Place) -> None:
    for number in range(250):
        place.repository.comment(1, f"{MARKER}{number}", IDENTITIES["github-token"])
    assert len(place.conversation().ours(MARKER)) == 250
    assert len(place.asked) == 3


def test_there_is_room_to_spare_and_no_place_for_pictures(place: Place) -> None:
    conversation: Conversation = place.conversation()
    posted = conversation.post(MARKER + "ü" * ((conversation.limit - len(MARKER)) // 2), resolved=True)
    assert len(posted.body.encode()) <= 60_000
    assert conversation.picture("chart.png", b"png") is None


def test_a_missing_permission_is_named_as_a_workflow_writes_it(place: Place) -> None:
    conversation = place.conversation(place.repository.token({"contents": "read"}))
    line = failing(lambda: conversation.post(OURS, resolved=True), ResponseError)
    assert "it lacks pull-requests: write" in line
    assert "permissions: {pull-requests: write}" in line


def test_a_locked_conversation_says_so(place: Place) -> None:
    place.repository.pulls[1].locked = True
    line = failing(lambda: place.conversation().post(OURS, resolved=True))
    assert "issue is locked" in line
    assert "summary of the run" in line


def test_a_closed_pull_request_still_takes_comments(place: Place) -> None:
    place.repository.close(1)
    assert place.conversation().post(OURS, resolved=True).body == OURS
    assert not place.reviews().is_open(1)


def test_a_pull_request_that_does_not_exist_says_so(place: Place) -> None:
    line = failing(lambda: place.reviews().conversation(99).post(OURS, resolved=True))
    assert "404" in line
    assert "check the repository and the number" in line


def test_a_pull_request_that_was_deleted_says_so(place: Place) -> None:
    place.repository.pulls[1].gone = True
    assert "410" in failing(lambda: place.conversation().post(OURS, resolved=True))


def test_a_token_that_is_none_names_the_variable(place: Place) -> None:
    line = failing(lambda: place.conversation("ghs_wrong").ours(MARKER))
    assert "401: Bad credentials" in line
    assert "check MLOPS_CI_TOKEN or GITHUB_TOKEN" in line
    assert "ghs_wrong" not in line


@pytest.mark.parametrize("fault", FAULTS)
def test_reading_and_changing_survive_any_passing_fault(place: Place, fault: str) -> None:
    conversation = place.conversation()
    posted = conversation.post(OURS, resolved=True)
    place.github.faults.fail_next([fault])
    assert conversation.ours(MARKER) == [posted]
    place.github.faults.fail_next([fault])
    conversation.update(posted.id, lambda: f"{MARKER} new", resolved=True)
    assert place.bodies == [f"{MARKER} new"]
    place.github.faults.fail_next([fault])
    conversation.delete(posted.id)
    assert place.bodies == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_comment_is_never_written_twice(place: Place, fault: str) -> None:
    conversation = place.conversation()
    place.github.faults.fail_next([fault], "POST")
    try:
        conversation.post(OURS, resolved=True)
    except OutcomeUnknownError:
        assert fault in {"lost before", "lost after", "502", "502 after", "cut"}
    except ResponseError as error:
        assert fault in {"500", "503"}
        assert error.status >= 500
    else:
        assert fault in {"secondary", "secondary without retry-after", "primary 403", "primary 429", "429", "slow"}
        assert len(place.bodies) == 1
    assert len(place.bodies) <= 1


def test_a_secondary_limit_that_says_nothing_is_waited_for_ever_longer(place: Place) -> None:
    place.github.faults.fail_next(["secondary without retry-after"] * 3)
    place.conversation().post(OURS, resolved=True)
    assert place.pauses == [60.0, 120.0, 240.0]
    assert place.bodies == [OURS]


def test_a_secondary_limit_is_waited_for_as_long_as_it_says(place: Place) -> None:
    place.github.faults.fail_next(["secondary", "429", "secondary"])
    place.conversation().post(OURS, resolved=True)
    assert place.pauses == [1.0, 1.0, 1.0]


def test_patience_ends_and_nothing_is_written(place: Place) -> None:
    place.github.faults.fail_next(["secondary without retry-after"] * 9)
    line = failing(lambda: place.conversation().post(OURS, resolved=True))
    assert "secondary rate limit" in line
    assert "permission" not in line
    assert (sum(place.pauses), place.bodies) == (60.0 + 120 + 240 + 480, [])


def test_patience_is_that_of_the_whole_job(place: Place) -> None:
    reviews = place.reviews(patience=100.0)
    place.github.faults.fail_next(["secondary without retry-after"])
    reviews.is_open(1)
    place.github.faults.fail_next(["secondary without retry-after"])
    failing(lambda: reviews.is_open(1))
    assert place.pauses == [60.0]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_goes_wrong_looking_again_finds_one_comment(place: Place, seed: int) -> None:
    place.github.faults = Faults(seed=seed, rate=0.4)
    conversation = place.conversation()
    for _ in range(20):
        try:
            found = conversation.ours(MARKER)
            if not found:
                conversation.post(OURS, resolved=True)
            break
        except RemoteError:
            continue
    assert place.bodies == [OURS]
