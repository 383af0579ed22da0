"""The stand-in for GitHub: what it refuses, and that it answers as GitHub does."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.parts.github import FAULTS, FakeGitHub, Faults, Repository, event

TIP, HEAD, MERGE = "1" * 40, "2" * 40, "3" * 40
ALL = dict.fromkeys(("contents", "pull-requests", "checks", "actions", "deployments", "statuses"), "write")


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    made = github.repository("acme/ml")
    made.commit(TIP)
    made.open_pull(7, head=HEAD)
    return made


class Client:
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}", "User-Agent": "tests"}

    def __call__(self, method: str, rest: str, body: Any = None, **options: Any) -> requests.Response:
        url = rest if rest.startswith("http") else f"{self.url}/repos/acme/ml{rest}"
        headers = self.headers | options.pop("headers", {})
        return requests.request(method, url, json=body, headers=headers, timeout=30, **options)


@pytest.fixture
def call(github: FakeGitHub, repository: Repository) -> Client:
    return Client(github.url, repository.token(ALL))


WRONG = [
    ("GET", "/pull/7", None, 500),
    ("PUT", "/pulls/7", {}, 500),
    ("GET", "/pulls/seven", None, 500),
    ("GET", "/pulls?state=merged", None, 500),
    ("GET", "/pulls?per_page=101", None, 500),
    ("GET", "/pulls?author=me", None, 500),
    ("POST", "/issues/7/comments", None, 500),
    ("POST", "/issues/7/comments", {"text": "well"}, 500),
    ("POST", "/issues/7/comments", {"body": 1}, 500),
    ("POST", "/issues/7/comments", {"body": "well", "event": "COMMENT"}, 500),
    ("POST", "/issues/7/comments", {"body": "x" * 65_537}, 422),
    ("POST", "/check-runs", {"name": "gate", "head_sha": HEAD, "conclusion": "passed"}, 500),
    ("POST", "/check-runs", {"name": "gate", "head_sha": HEAD, "status": "completed"}, 422),
    ("PATCH", "/check-runs/1", {"status": "completed"}, 500),
    ("POST", "/check-runs", {"name": "gate", "head_sha": HEAD, "output": {"title": "t", "summary": "x" * 65_536}}, 500),
    ("POST", "/dispatches", {"event_type": "e" * 101}, 500),
    ("POST", "/dispatches", {"event_type": "e", "client_payload": {str(number): 1 for number in range(11)}}, 500),
    ("POST", "/dispatches", {"event_type": "e", "client_payload": {"large": "x" * 65_536}}, 422),
    ("POST", "/deployments", {"environment": "production"}, 500),
    ("POST", "/deployments/1/statuses", {"state": "done"}, 500),
    ("POST", "/deployments/1/statuses", {"state": "success", "description": "x" * 141}, 422),
]


@pytest.mark.parametrize(("method", "rest", "body", "status"), WRONG)
def test_what_the_contract_does_not_have_is_refused_and_noted(
    github: FakeGitHub, call: Client, method: str, rest: str, body: Any, status: int
) -> None:
    assert call(method, rest, body).status_code == status
    assert len(github.violations) == 1
    github.violations.clear()


def test_no_more_than_50_annotations_are_taken_at_once(github: FakeGitHub, call: Client) -> None:
    one = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "well"}
    body = {"name": "gate", "head_sha": HEAD, "output": {"title": "t", "summary": "s", "annotations": [one] * 51}}
    assert call("POST", "/check-runs", body).status_code == 500
    assert "annotations" in github.violations.pop()


def test_who_names_itself_not_is_refused(github: FakeGitHub, call: Client) -> None:
    assert call("GET", "", headers={"User-Agent": ""}).status_code == 403
    assert "User-Agent" in github.violations.pop()


def test_what_is_no_json_is_refused(github: FakeGitHub, call: Client) -> None:
    url = f"{call.url}/repos/acme/ml/issues/7/comments"
    for body, kind in ((b"{", "application/json"), (b"\xff", "application/json"), (b'{"body": "well"}', "text/plain")):
        headers = call.headers | {"Content-Type": kind}
        assert requests.post(url, data=body, headers=headers, timeout=30).status_code == 500
        assert github.violations.pop()


def test_an_answer_that_github_would_not_give_is_noted(
    github: FakeGitHub, call: Client, repository: Repository
) -> None:
    repository.pulls[7].state = "half open"
    call("GET", "/pulls/7")
    assert "half open" in github.violations.pop()


def test_a_wrong_request_shows_even_where_a_fault_was_due(github: FakeGitHub, call: Client) -> None:
    github.faults.fail_next(["lost before"])
    assert call("GET", "/pulls?state=merged").status_code == 500
    assert github.violations.pop()


def test_every_kind_of_request_is_answered_within_the_contract(call: Client, repository: Repository) -> None:
    repository.workflow("release.yml", inputs={"version": {"required": True}})
    assert call("GET", "").json()["default_branch"] == "main"
    assert call("GET", "/pulls/7").json()["head"]["sha"] == HEAD
    comment = call("POST", "/issues/7/comments", {"body": "first"}).json()
    where = f"/issues/comments/{comment['id']}"
    assert comment["user"]["login"] == "github-actions[bot]"
    assert call("PATCH", where, {"body": "second"}).json()["body"] == "second"
    assert call("GET", where).json()["body"] == "second" == repository.comments(7)[0].body
    assert call("DELETE", where).status_code == 204
    assert call("GET", where).status_code == 404
    run = call("POST", "/check-runs", {"name": "gate", "head_sha": HEAD}).json()
    done = {"conclusion": "failure", "output": {"title": "t", "summary": "s"}}
    assert call("PATCH", f"/check-runs/{run['id']}", done).json()["status"] == "completed"
    assert call("GET", f"/check-runs/{run['id']}").json()["conclusion"] == "failure"
    found = call("GET", "/commits/feature/check-runs", params={"check_name": "gate"}).json()
    assert [each["id"] for each in found["check_runs"]] == [run["id"]]
    assert call("POST", f"/statuses/{HEAD}", {"state": "success", "context": "gate"}).status_code == 201
    assert call("POST", "/dispatches", {"event_type": "model", "client_payload": {"v": 3}}).status_code == 204
    assert repository.dispatches[0].client_payload == {"v": 3}
    wanted = {"ref": "main", "inputs": {"version": "3"}}
    assert call("POST", "/actions/workflows/release.yml/dispatches", wanted).status_code == 204
    details = wanted | {"return_run_details": True}
    answer = call("POST", "/actions/workflows/release.yml/dispatches", details).json()
    assert answer["workflow_run_id"] == repository.workflow_runs[1].id
    quiet = {"auto_merge": False, "required_contexts": []}
    deployment = call("POST", "/deployments", {"ref": TIP, "environment": "test", "payload": {"v": 3}, **quiet}).json()
    statuses = f"/deployments/{deployment['id']}/statuses"
    assert call("POST", statuses, {"state": "success", "description": "up"}).json()["state"] == "success"
    assert [each["state"] for each in call("GET", statuses).json()] == ["success"]
    assert call("GET", "/deployments", params={"environment": "test", "sha": TIP}).json()[0]["payload"] == {"v": 3}
    assert call("GET", "/deployments", params={"environment": "production"}).json() == []
    assert call("GET", f"/deployments/{deployment['id']}").json()["sha"] == TIP


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_comments_come_in_pages_that_lead_to_each_other(prefix: str, _github_contract: None) -> None:
    with FakeGitHub.started(prefix=prefix) as github:
        repository = github.repository("acme/ml")
        repository.commit(TIP)
        repository.open_pull(7, head=HEAD)
        call = Client(github.url, repository.token(ALL))
        for number in range(5):
            call("POST", "/issues/7/comments", {"body": str(number)})
        seen, url = [], "/issues/7/comments?per_page=2"
        while url:
            reply = call("GET", url)
            seen.append([comment["body"] for comment in reply.json()])
            url = reply.links.get("next", {}).get("url", "")
            assert not url or f"{prefix}/repositories/{repository.id}/" in url
        assert seen == [["0", "1"], ["2", "3"], ["4"]]
        assert github.violations == []
        assert requests.get(github.url.removesuffix("/api/v3") + "/zen", timeout=30).status_code == 500


def test_pull_requests_are_found_as_with_github(call: Client, repository: Repository) -> None:
    fork = "4" * 40
    repository.open_pull(8, head=fork, branch="idea", fork="somebody")

    def numbers(rest: str) -> list[int]:
        return [pull["number"] for pull in call("GET", rest).json()]

    assert numbers("/pulls") == [8, 7]
    assert numbers("/pulls?head=somebody:idea&base=main") == numbers("/pulls?head=somebody:idea") == [8]
    assert numbers("/pulls?head=acme:idea") == []
    assert numbers("/pulls?head=idea") == [8, 7], "without its owner a branch filters nothing"
    assert numbers(f"/commits/{HEAD}/pulls") == [7]
    assert numbers(f"/commits/{fork}/pulls") == [], "GitHub does not tell of a fork"
    repository.merge(8, MERGE)
    assert numbers(f"/commits/{MERGE}/pulls") == [8]
    assert numbers("/pulls") == [7]
    assert call("GET", "/pulls/8").json()["merged"] is True
    assert call("GET", "/pulls/8").json()["head"]["repo"]["full_name"] == "somebody/ml"
    assert call("GET", f"/commits/{'9' * 40}/pulls").status_code == 422


def test_a_token_may_do_what_it_permits(github: FakeGitHub, call: Client, repository: Repository) -> None:
    reader = Client(github.url, repository.token({"pull-requests": "read"}))
    reply = reader("POST", "/issues/7/comments", {"body": "well"})
    assert (reply.status_code, reply.json()["message"]) == (403, "Resource not accessible by integration")
    assert reply.headers["X-Accepted-GitHub-Permissions"] == "issues=write; pull_requests=write"
    assert reader("GET", "/issues/7/comments").json() == []
    person = Client(github.url, github.token({"acme/ml": ALL}))
    assert person("POST", "/check-runs", {"name": "gate", "head_sha": HEAD}).status_code == 403
    assert person("POST", "/dispatches", {"event_type": "model"}).status_code == 204
    assert Client(github.url, "ghs_wrong")("GET", "").json()["message"] == "Bad credentials"
    hidden = github.repository("acme/hidden", private=True)
    assert call("GET", f"{github.url}/repos/acme/hidden").status_code == 404
    assert Client(github.url, hidden.token({}))("GET", f"{github.url}/repos/acme/hidden").status_code == 200
    assert call("GET", f"{github.url}/repos/acme/none").status_code == 404
    repository.pulls[7].locked = True
    assert call("POST", "/issues/7/comments", {"body": "well"}).status_code == 403
    repository.pulls[7].gone = True
    assert call("POST", "/issues/7/comments", {"body": "well"}).status_code == 410


def test_another_app_may_not_change_a_check_run(github: FakeGitHub, call: Client, repository: Repository) -> None:
    run = call("POST", "/check-runs", {"name": "gate", "head_sha": HEAD}).json()
    other = Client(github.url, repository.token(ALL, kind="app"))
    assert other("PATCH", f"/check-runs/{run['id']}", {"conclusion": "success"}).status_code == 403


@pytest.mark.parametrize(
    ("file", "body", "status", "says"),
    [
        ("none.yml", {"ref": "main"}, 404, "Not Found"),
        ("quiet.yml", {"ref": "main"}, 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("release.yml", {"ref": "none", "inputs": {"version": "3"}}, 422, "No ref found for: none"),
        (
            "release.yml",
            {"ref": "main", "inputs": {"version": "3", "x": "1"}},
            422,
            'Unexpected inputs provided: ["x"]',
        ),
        ("release.yml", {"ref": "main"}, 422, "Required input 'version' not provided"),
    ],
)
def test_a_workflow_is_dispatched_only_as_it_declares(
    call: Client, repository: Repository, file: str, body: Any, status: int, says: str
) -> None:
    repository.workflow("release.yml", inputs={"version": {"required": True}})
    repository.workflow("quiet.yml", dispatchable=False)
    reply = call("POST", f"/actions/workflows/{file}/dispatches", body)
    assert (reply.status_code, reply.json()["message"]) == (status, says)
    assert repository.workflow_runs == []


def test_a_deployment_merges_and_looks_at_statuses_unless_told_not_to(call: Client, repository: Repository) -> None:
    repository.commit("5" * 40)
    assert call("POST", "/deployments", {"ref": "feature"}).status_code == 202
    call("POST", f"/statuses/{HEAD}", {"state": "failure"})
    unmerged = {"ref": "feature", "auto_merge": False}
    assert call("POST", "/deployments", unmerged).status_code == 409
    assert repository.deployments == []
    assert call("POST", "/deployments", {**unmerged, "required_contexts": []}).status_code == 201


def test_a_success_makes_earlier_deployments_inactive(call: Client, repository: Repository) -> None:
    for _ in range(2):
        made = call("POST", "/deployments", {"ref": "main", "environment": "test"}).json()
        call("POST", f"/deployments/{made['id']}/statuses", {"state": "success"})
    assert [each.state for each in repository.deployments] == ["inactive", "success"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_spoils_one_request_before_or_after_it_was_carried_out(
    github: FakeGitHub, call: Client, repository: Repository, fault: str
) -> None:
    github.faults.fail_next([fault], method="POST")
    try:
        reply = call("POST", "/issues/7/comments", {"body": "x" * 1000})
        status = reply.status_code
    except requests.RequestException:
        status = None
    expected = {"slow": 201, "secondary": 403, "secondary without retry-after": 403}
    named = int(fault.split()[-1]) if fault.split()[-1].isdigit() else int(fault[:3]) if fault[:3].isdigit() else None
    assert status == expected.get(fault, named)
    done = fault in ("lost after", "502 after", "slow", "cut")
    assert len(repository.comments(7)) == done
    assert github.requests[-1].fault == fault
    assert call("POST", "/issues/7/comments", {"body": "again"}).status_code == 201


def test_a_seed_decides_which_requests_fail(github: FakeGitHub, call: Client) -> None:
    def faults(seed: int) -> list[str | None]:
        github.faults = Faults(seed, rate=0.5)
        start = len(github.requests)
        for _ in range(20):
            try:
                call("GET", "/pulls")
            except requests.RequestException:
                continue
        return [each.fault for each in github.requests[start:]]

    assert faults(1) == faults(1) != faults(2)
    assert any(faults(1))


def test_events_are_real_ones_of_another_repository(_github_contract: None) -> None:
    pushed = event("push", after=HEAD)
    assert (pushed["ref"], pushed["after"], pushed["repository"]["full_name"]) == ("refs/heads/main", HEAD, "acme/ml")
    for action in ("opened", "synchronize", "closed"):
        opened = event("pull_request", action=action, number=7, head=HEAD, fork="somebody", repository="acme/other")
        pull = opened["pull_request"]
        assert (opened["action"], opened["number"], pull["head"]["sha"]) == (action, 7, HEAD)
        assert pull["head"]["repo"]["full_name"] == "somebody/other"
        assert pull["head"]["repo"]["id"] != pull["base"]["repo"]["id"]
        assert pull["base"]["repo"]["full_name"] == "acme/other"
        assert pull["url"].endswith("/acme/other/pulls/7")
    run = event("workflow_run", fork="somebody", number=7, head=HEAD)["workflow_run"]
    assert (run["head_repository"]["owner"]["login"], run["pull_requests"]) == ("somebody", [])
    assert event("workflow_run", number=7)["workflow_run"]["pull_requests"][0]["number"] == 7
    assert event("merge_group", base=TIP)["merge_group"]["base_sha"] == TIP
    assert event("workflow_dispatch", inputs={"a": "b"})["inputs"] == {"a": "b"}
    assert event("repository_dispatch", event_type="model")["action"] == "model"
    assert event("schedule")["schedule"] == "17 3 * * 1"
