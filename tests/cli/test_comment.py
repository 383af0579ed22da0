"""A pull request from its first push to after its merge, on a stand-in for GitHub."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.report.section import Section, parse_comment
from tests.parts.github import FakeGitHub, Repository, event
from tests.support.lab import Done, Lab

PERMISSIONS = {"pull-requests": "write", "checks": "write", "contents": "read"}


class Place:
    """A project whose repository is on GitHub, and jobs of its workflow."""

    def __init__(self, lab: Lab, github: FakeGitHub, folder: Path) -> None:
        self.lab = lab
        self.repository: Repository = github.repository("acme/ml")
        self.repository.commit(lab.git("rev-parse", "HEAD"))
        self.folder = folder
        self.token = self.repository.token(PERMISSIONS)
        self._url = github.url
        self._runs = 100
        self.workspace = str(folder / "workspace")

    def job(
        self, name: str, payload: Any, *verb: str, run: int | None = None, attempt: int = 1, token: str | None = None,
        **variables: str,
    ) -> Done:  # fmt: skip
        """Run a verb as the step of a job."""
        self._runs += 1
        file = self.folder / "event.json"
        file.write_text(json.dumps(payload))
        environ = {
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file),
            "GITHUB_REPOSITORY": "acme/ml", "GITHUB_RUN_ID": str(run or self._runs),
            "GITHUB_RUN_ATTEMPT": str(attempt), "GITHUB_API_URL": self._url,
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_TOKEN": self.token if token is None else token,
            "GITHUB_OUTPUT": str(self.folder / "output"), "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder), "GITHUB_SHA": self.lab.git("rev-parse", "HEAD"), "GITHUB_ACTOR": "ada",
            "MLOPS_CI_WORKSPACE": self.workspace, **variables,
        }  # fmt: skip
        return self.lab.run(*(verb or ("ci",)), env=environ)

    def push(self) -> Done:
        """The job of a push to the default branch."""
        head = self.lab.git("rev-parse", "HEAD")
        return self.job("push", event("push", after=head), GITHUB_REF="refs/heads/main")

    def pull_request(self, *verb: str, **more: Any) -> Done:
        """The job of pull request 5, whose branch is checked out."""
        pull = self.repository.pulls[5]
        payload = event("pull_request", number=5, head=pull.head, branch="feature", base=pull.base, fork=pull.fork)
        return self.job("pull_request", payload, *verb, GITHUB_REF="refs/pull/5/merge", **more)

    def propose(self, skill: float, fork: str | None = None) -> None:
        """Push a branch and open pull request 5."""
        self.lab.git("checkout", "--quiet", "-b", "feature")
        self.lab.skill(skill)
        head = self.lab.commit("change the skill")
        self.repository.open_pull(5, head=head, fork=fork)

    def section(self) -> Section:
        """The one section of the one comment."""
        (comment,) = self.repository.comments(5)
        (section,) = parse_comment(comment.body)
        return section


@pytest.fixture
def place(lab: Lab, github: FakeGitHub, tmp_path: Path) -> Place:
    made = Place(lab, github, tmp_path)
    done = made.push()
    assert done.code == 0, done.err
    return made


def test_a_pull_request_that_improves_is_told_so_and_goes_on_after_its_merge(place: Place) -> None:
    place.propose(0.8)
    done = place.pull_request()
    assert done.code == 0, done.err
    assert place.section().outcome == "passed"
    assert dict(place.section().parts)["headline"] == "### coin: ready, both rules pass"
    first = place.section()
    assert place.pull_request(run=102, attempt=2).code == 0
    assert place.section().moment == (102, 2) and first.moment == (102, 1)
    place.lab.git("checkout", "--quiet", "main")
    place.lab.git("merge", "--quiet", "--squash", "feature")
    place.repository.merge(5, place.lab.commit("An idea (#5)"))
    done = place.push()
    assert done.code == 0, done.err
    assert place.section().outcome == "promoted"
    assert dict(place.section().parts)["foot"].startswith(
        "Merged → registered v2 → promoted · [The run](https://github.com"
    )
    assert [run.conclusion for run in place.repository.check_runs][-1] == "success"


def test_a_pull_request_that_regresses_fails_and_says_why(place: Place) -> None:
    place.propose(0.3)
    done = place.pull_request()
    assert done.code == 1
    assert "::error" in done.err and "refused" in done.err
    assert place.section().outcome == "refused"
    assert "0.3" in dict(place.section().parts)["why"]
    assert "outcome" in (place.folder / "output").read_text()
    assert "refused" in (place.folder / "summary").read_text()


@pytest.mark.parametrize(("permissions", "missing"), [
    ({"contents": "read", "checks": "write"}, "pull-requests: write"),
    ({"contents": "read", "pull-requests": "write"}, "checks: write"),
])  # fmt: skip
def test_a_missing_permission_is_one_line_and_decides_nothing(
    place: Place, permissions: dict[str, str], missing: str
) -> None:
    place.propose(0.8)
    done = place.pull_request(token=place.repository.token(permissions))
    assert done.code == 0
    [line] = [line for line in done.err.splitlines() if line.startswith("::warning")]
    assert missing in line


def test_without_a_token_the_job_ends_as_the_gate_says(place: Place) -> None:
    place.propose(0.3)
    done = place.pull_request(token="")
    assert done.code == 1
    assert len([line for line in done.err.splitlines() if line.startswith("::warning")]) == 1


def test_a_file_that_cannot_be_written_keeps_nobody_from_hearing(place: Place) -> None:
    place.propose(0.8)
    gone = str(place.folder / "gone")
    done = place.pull_request(RUNNER_TEMP=gone)
    assert done.code == 2 and done.err.splitlines()[-1].startswith("mlops-ci: error[2]: cannot be written")
    assert place.section().outcome == "passed"
    place.lab.skill(0.3)
    place.repository.pulls[5].head = place.repository.commit(place.lab.commit("change the skill again"))
    done = place.pull_request(RUNNER_TEMP=gone)
    assert done.code == 1 and "cannot be written" in done.err
    assert place.section().outcome == "refused"


def test_a_closed_pull_request_is_left_alone(place: Place) -> None:
    place.propose(0.8)
    place.repository.close(5)
    done = place.pull_request()
    assert done.code == 0 and "pull request 5 is closed" in done.err
    assert place.repository.comments(5) == []


def test_a_fork_s_report_is_posted_by_another_job(place: Place) -> None:
    place.propose(0.8, fork="eve")
    assert place.pull_request(run=300, token=place.repository.token({"contents": "read"})).code == 0
    assert place.repository.comments(5) == []
    head = place.repository.pulls[5].head
    place.lab.git("checkout", "--quiet", "main")
    payload = event("workflow_run", head=head, fork="eve", run_id=300, attempt=1)
    report = str(place.folder / "mlops-ci-coin.json")
    done = place.job("workflow_run", payload, "comment", "--from", report)
    assert (done.code, done.out) == (0, "pull request 5: the comment stands\n"), done.err
    assert place.section().moment == (300, 1) and place.section().outcome == "passed"
    Path(report).write_text(Path(report).read_text().replace(head, "0" * 40))
    done = place.job("workflow_run", payload, "comment", "--from", report)
    assert done.code == 5 and len(done.complaints) == 1


def test_a_report_is_posted_again_on_demand(place: Place) -> None:
    place.propose(0.8)
    assert place.pull_request(token=place.repository.token({"contents": "read"})).code == 0
    assert place.repository.comments(5) == []
    head = place.repository.pulls[5].head
    payload = event("pull_request", number=5, head=head, branch="feature")
    done = place.job("pull_request", payload, "comment", GITHUB_REF="refs/pull/5/merge")
    assert (done.code, done.out) == (0, "pull request 5: the comment stands\n"), done.err
    assert place.section().sha == head
    place.repository.close(5)
    done = place.job("pull_request", payload, "comment", GITHUB_REF="refs/pull/5/merge")
    assert done.code == 3 and len(done.complaints) == 1


def test_no_pull_request_gets_the_report_of_another(place: Place) -> None:
    place.propose(0.8)
    assert place.pull_request(token="").code == 0
    newest = place.repository.pulls[5].head
    place.lab.skill(0.3)
    later = place.lab.commit("change the skill again")
    payload = event("pull_request", number=5, head=later, branch="feature")
    done = place.job("pull_request", payload, "comment", GITHUB_REF="refs/pull/5/merge")
    assert done.code == 2 and len(done.complaints) == 1
    assert newest[:7] in done.err and later[:7] in done.err
    assert place.repository.comments(5) == []


def test_the_form_in_which_git_has_the_token_is_hidden_too(place: Place) -> None:
    done = place.push()
    form = base64.b64encode(f"x-access-token:{place.token}".encode()).decode()
    assert f"::add-mask::{form}" in done.err.splitlines()
    assert form not in (done.out + done.err).replace(f"::add-mask::{form}", "")


def test_a_repository_that_github_does_not_know_is_one_line_a_thing_and_decides_nothing(place: Place) -> None:
    place.propose(0.9)
    done = place.pull_request(GITHUB_REPOSITORY="acme/gone")
    assert done.code == 0, done.err
    warnings = [line for line in done.complaints if line.startswith("::warning")]
    assert [("the comment" in line, "the status" in line) for line in warnings] == [(True, False), (False, True)]
    assert all("check the repository" in line and place.token not in line for line in warnings)
    alone = place.pull_request("comment", GITHUB_REPOSITORY="acme/gone")
    assert alone.code == 3 and len(alone.complaints) == 1
