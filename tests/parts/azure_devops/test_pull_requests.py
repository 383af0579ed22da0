from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.parts.azure_devops import CONTRIBUTE, FakeAzureDevOps
from tests.parts.azure_devops.asking import Asking
from tests.parts.faults import Fault

_FIRST, _SECOND, _MERGE = "a" * 40, "b" * 40, "c" * 40
_COMMENT = {"parentCommentId": 0, "content": "passed", "commentType": 1}
_THREAD = {"comments": [_COMMENT], "status": 4}
_STATUS = {"state": "succeeded", "context": {"genre": "mlops-ci", "name": "gate"}, "description": "all rules pass"}


@pytest.fixture
def azure() -> Iterator[FakeAzureDevOps]:
    with FakeAzureDevOps.started() as server:
        server.open_pull_request(_FIRST, merge_commit=_MERGE)
        yield server


@pytest.fixture
def ask(azure: FakeAzureDevOps) -> Asking:
    return Asking(azure)


def test_a_thread_is_created_with_a_number_and_shown_with_a_name(ask: Asking) -> None:
    made = ask("POST", "/threads", _THREAD).body
    assert (made["id"], made["status"], made["comments"][0]["commentType"]) == (1, "closed", "text")
    assert ask("PATCH", "/threads/1", {"status": "active"}).body["status"] == "active"
    assert ask("GET", "/threads").body["value"][0]["status"] == "active"
    assert not ask.server.violations


def test_a_comment_is_changed_and_deleted_and_leaves_its_place(ask: Asking) -> None:
    ask("POST", "/threads", _THREAD)
    assert ask("PATCH", "/threads/1/comments/1", {"content": "on hold"}).body["content"] == "on hold"
    assert ask("POST", "/threads/1/comments", {"content": "why?", "parentCommentId": 1}).body["id"] == 2
    assert ask("DELETE", "/threads/1/comments/1").status == 200
    first, second = ask("GET", "/threads/1").body["comments"]
    assert first["isDeleted"]
    assert "content" not in first
    assert second["content"] == "why?"
    assert ask("PATCH", "/threads/1/comments/1", {"content": "again"}).status == 403


def test_a_comment_of_somebody_else_is_not_changed(ask: Asking) -> None:
    ask.server.add_thread(ask.server.repository.pull_requests[1], "mine")
    refused = ask("PATCH", "/threads/1/comments/1", {"content": "ours"})
    assert (refused.status, refused.body["typeKey"]) == (403, "GitPullRequestCommentCannotBeUpdatedException")


def test_an_answer_is_to_a_comment_that_is_there(ask: Asking) -> None:
    ask("POST", "/threads", _THREAD)
    refused = ask("POST", "/threads/1/comments", {"content": "why?", "parentCommentId": 2})
    assert refused.body["typeKey"] == "GitPullRequestCommentNotFoundException"


def test_what_the_service_itself_wrote_has_no_status(ask: Asking) -> None:
    ask.server.add_thread(ask.server.repository.pull_requests[1], "joined as a reviewer", system=True)
    (thread,) = ask("GET", "/threads").body["value"]
    assert "status" not in thread
    assert thread["comments"][0]["commentType"] == "system"


def test_properties_of_a_thread_are_shown_with_their_type(ask: Asking) -> None:
    made = ask("POST", "/threads", {**_THREAD, "properties": {"mlops-ci": "flight-delay"}}).body
    assert made["properties"] == {"mlops-ci": {"$type": "System.String", "$value": "flight-delay"}}


def test_the_501st_comment_of_a_thread_is_refused(ask: Asking) -> None:
    thread = ask.server.add_thread(ask.server.repository.pull_requests[1], "first")
    for _ in range(498):
        thread.add(_COMMENT, "jo@acme.example")
    assert ask("POST", "/threads/1/comments", _COMMENT).status == 200
    assert ask("POST", "/threads/1/comments", _COMMENT).body["typeKey"] == "CodeReviewMaxCommentCountException"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/threads", {"comments": [], "status": 1}),
        ("POST", "/threads", {**_THREAD, "status": 7}),
        ("POST", "/threads", {**_THREAD, "status": "resolved"}),
        ("POST", "/threads", {**_THREAD, "title": "x"}),
        ("POST", "/threads", {"comments": [{"content": "x" * 150_001}]}),
        ("POST", "/threads", {"comments": [{"content": ""}]}),
        ("PATCH", "/threads/1", {}),
        ("PATCH", "/threads/1/comments/1", {"content": "x", "status": 1}),
        ("POST", "/statuses", {**_STATUS, "state": "success"}),
        ("POST", "/statuses", {**_STATUS, "context": {"genre": "mlops-ci"}}),
        ("POST", "/statuses", {**_STATUS, "targetUrl": "not an address"}),
        ("PUT", "/threads/1", {"status": 1}),
        ("POST", "/thread", _THREAD),
        ("POST", "/threads", b"{"),
        ("POST", "/threads?page=1", _THREAD),
        ("GET", "/threads", {}),
    ],
)
def test_what_the_reference_does_not_have_is_refused_and_noted(ask: Asking, method: str, path: str, body: Any) -> None:
    assert ask(method, path, body).status in {400, 404, 405}
    assert len(ask.server.violations) == 1


@pytest.mark.parametrize("version", [None, "1.0", "9.9", "seven", "7.1&api-version=7.1"])
def test_a_version_is_needed_that_there_is(ask: Asking, version: str | None) -> None:
    assert ask("GET", "/threads", version=version).status == 400
    assert len(ask.server.violations) == 1


def test_a_body_needs_its_media_type(ask: Asking) -> None:
    assert ask("POST", "/threads", _THREAD, headers={"Content-Type": "text/plain"}).status == 415
    assert len(ask.server.violations) == 1


@pytest.mark.parametrize("name", ["models", "MODELS", None])
def test_a_repository_goes_by_its_name_or_its_id(ask: Asking, name: str | None) -> None:
    path = f"{ask.server.project.id}/_apis/git/repositories/{name or ask.server.repository.id}/pullrequests/1"
    shown = ask("GET", path).body
    assert shown["repository"]["id"] == ask.server.repository.id
    assert shown["lastMergeCommit"] == {"commitId": _MERGE}
    assert "closedDate" not in shown


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/threads/9", "GitPullRequestCommentThreadNotFoundException"),
        ("ml/_apis/git/repositories/models/pullRequests/9", "GitPullRequestNotFoundException"),
        ("ml/_apis/git/repositories/other/pullRequests/1", "GitRepositoryNotFoundException"),
        ("other/_apis/git/repositories/models/pullRequests/1", "ProjectDoesNotExistWithNameException"),
    ],
)
def test_what_is_not_there_is_no_violation(ask: Asking, path: str, kind: str) -> None:
    refused = ask("GET", path)
    assert (refused.status, refused.body["typeKey"]) == (404, kind)
    assert not ask.server.violations


def test_a_pull_request_is_found_by_its_merge_and_by_its_commits(ask: Asking) -> None:
    pull_request = ask.server.repository.pull_requests[1]
    pull_request.push(_SECOND)
    pull_request.complete(_MERGE)
    queries = [
        {"type": "lastMergeCommit", "items": [_MERGE, _FIRST]},
        {"type": 2, "items": [_FIRST, _SECOND]},
    ]
    path = "ml/_apis/git/repositories/models/pullrequestquery"
    by_merge, by_commit = ask("POST", path, {"queries": queries}).body["results"]
    assert {commit: [each["pullRequestId"] for each in found] for commit, found in by_merge.items()} == {_MERGE: [1]}
    assert set(by_commit) == {_FIRST, _SECOND}
    assert by_merge[_MERGE][0]["status"] == "completed"
    assert "closedDate" in by_merge[_MERGE][0]


def test_open_pull_requests_of_a_branch_are_listed(ask: Asking) -> None:
    ask.server.open_pull_request(_SECOND, "refs/heads/other", is_fork=True)
    ask.server.repository.pull_requests[1].abandon()
    path = "ml/_apis/git/repositories/models/pullrequests"
    (open_one,) = ask("GET", path).body["value"]
    assert (open_one["pullRequestId"], open_one["forkSource"]["repository"]["isFork"]) == (2, True)
    assert ask("GET", f"{path}?searchCriteria.status=all&$top=1").body["count"] == 1
    assert ask("GET", f"{path}?searchCriteria.sourceRefName=refs/heads/topic").body["count"] == 0
    assert ask("GET", f"{path}?searchCriteria.status=abandoned").body["count"] == 1


def test_statuses_are_kept_in_order(ask: Asking) -> None:
    assert ask("POST", "/statuses", {**_STATUS, "state": 1}).body["state"] == "pending"
    assert ask("POST", "/statuses", _STATUS).body["id"] == 2
    assert [each["state"] for each in ask("GET", "/statuses").body["value"]] == ["pending", "succeeded"]


def test_an_attachment_is_stored_once_under_a_name(ask: Asking) -> None:
    path = f"/attachments/{quote('roc curve/1.png', safe='')}"
    stream = {"Content-Type": "application/octet-stream"}
    made = ask("POST", path, b"\x89PNG", headers=stream)
    assert (made.status, made.body["displayName"]) == (201, "roc curve/1.png")
    assert ask("POST", path, b"other", headers=stream).status == 409
    assert ask("POST", path.upper(), b"other", headers=stream).status == 409
    assert ask("GET", "/attachments").body["value"][0]["url"] == made.body["url"]
    stored = ask("GET", made.body["url"].removeprefix(ask.server.url))
    assert (stored.data, stored.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert not ask.server.violations
    assert ask("POST", path, {"a": 1}).status == 415


def test_an_svg_picture_is_not_shown(ask: Asking) -> None:
    ask("POST", "/attachments/a.svg", b"<svg/>", headers={"Content-Type": "application/octet-stream"})
    assert ask("GET", "/attachments/a.svg").headers["content-type"] == "application/octet-stream"


def test_who_may_not_contribute_is_told_so(ask: Asking) -> None:
    ask.server.denied.add(CONTRIBUTE)
    for path, body in (("/threads", _THREAD), ("/statuses", _STATUS)):
        refused = ask("POST", path, body)
        assert refused.status == 403
        assert refused.body["message"].startswith("TF401027: You need the Git 'PullRequestContribute' permission")
    assert ask("GET", "/threads").status == 200


def test_an_overloaded_service_says_when_to_come_back(ask: Asking) -> None:
    ask.server.faults.retry_after = 30
    ask.server.faults.fail_next([Fault.THROTTLED])
    refused = ask("POST", "/threads", _THREAD)
    assert (refused.status, refused.headers["retry-after"], refused.headers["x-ratelimit-remaining"]) == (
        429,
        "30",
        "0",
    )
    assert refused.body["typeKey"] == "RequestBlockedException"
    assert not ask.server.repository.pull_requests[1].threads
    assert [each.method for each in ask.server.requests] == ["POST"]
