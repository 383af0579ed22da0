"""A pull request in Azure Repos from its first build to after its merge, on a stand-in for Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.report.section import Section, parse_comment
from tests.hosts.azure_jobs import PULL_REQUEST, PUSH
from tests.parts.azure_devops import CONTRIBUTE, FakeAzureDevOps
from tests.parts.azure_devops.repositories import PullRequest
from tests.parts.azure_devops.threads import Thread
from tests.support.lab import Done, Lab


@dataclass
class Place:
    """A project whose repository is in Azure Repos, and jobs of its pipeline."""

    lab: Lab
    server: FakeAzureDevOps
    folder: Path
    builds: int = 100

    def job(self, base: dict[str, str], *verb: str, build: int | None = None, attempt: int = 1, **more: str) -> Done:
        """Run a verb as the step of a job."""
        self.builds += 1
        environ = {
            **base, "SYSTEM_COLLECTIONURI": self.server.url, "SYSTEM_TEAMPROJECT": self.server.project.name,
            "BUILD_REPOSITORY_ID": self.server.repository.id, "BUILD_REPOSITORY_NAME": self.server.repository.name,
            "BUILD_REPOSITORY_URI": f"{self.server.url}ml/_git/models", "AGENT_TEMPDIRECTORY": str(self.folder),
            "BUILD_BUILDID": str(build or self.builds), "SYSTEM_JOBATTEMPT": str(attempt),
            "BUILD_SOURCEVERSION": self.lab.git("rev-parse", "HEAD"), "SYSTEM_ACCESSTOKEN": self.server.token,
            "MLOPS_CI_WORKSPACE": str(self.folder / "workspace"), **more,
        }  # fmt: skip
        return self.lab.run(*(verb or ("ci",)), env=environ)

    def push(self, **more: Any) -> Done:
        """The build of a push to the default branch."""
        return self.job(PUSH, **more)

    def build(self, *verb: str, **more: Any) -> Done:
        """A build of the pull request, whose branch is checked out."""
        pull = self.pull
        job = PULL_REQUEST | {
            "SYSTEM_PULLREQUEST_PULLREQUESTID": str(pull.number), "SYSTEM_PULLREQUEST_SOURCEBRANCH": pull.source,
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": pull.commits[-1],
            "SYSTEM_PULLREQUEST_ISFORK": str(pull.is_fork), "BUILD_SOURCEBRANCH": f"refs/pull/{pull.number}/merge",
        }  # fmt: skip
        return self.job(job, *verb, **more)

    def propose(self, skill: float, *, fork: bool = False) -> None:
        """Push a branch and open the pull request."""
        self.lab.git("checkout", "--quiet", "-b", "feature")
        self.lab.skill(skill)
        self.server.open_pull_request(self.lab.commit("change the skill"), "refs/heads/feature", is_fork=fork)

    def improve(self, skill: float) -> None:
        """A further commit of its author."""
        self.lab.skill(skill)
        self.pull.push(self.lab.commit("another skill"))

    @property
    def pull(self) -> PullRequest:
        return self.server.repository.pull_requests[1]

    @property
    def thread(self) -> Thread:
        """The one thread of the pull request."""
        (thread,) = self.pull.threads
        return thread

    @property
    def section(self) -> Section:
        """The one section of its comment."""
        (section,) = parse_comment(self.thread.comments[0].content)
        return section

    def states(self) -> dict[str, str]:
        """What stands beside the newest push."""
        newest = len(self.pull.commits)
        return {
            each["context"]["name"]: each["state"] for each in self.pull.statuses if each.get("iterationId") == newest
        }


@pytest.fixture
def place(lab_with_champion: Lab, tmp_path: Path) -> Iterator[Place]:
    (lab_with_champion.folder / ".mlops").rename(tmp_path / "workspace")
    with FakeAzureDevOps.started() as server:
        yield Place(lab_with_champion, server, tmp_path)
        assert server.violations == []


def test_a_regression_is_held_up_put_right_and_followed_after_its_merge(place: Place) -> None:
    place.lab.skill(0.7)
    place.lab.commit("better")
    assert place.push().code == 0
    place.propose(0.3)
    done = place.build()
    assert done.code == 1, done.err
    assert "##vso[task.logissue type=error]" in done.out + done.err
    assert (place.section.outcome, place.thread.status) == ("refused", "active")
    assert place.states() == {"gate/coin": "failed", "gate": "failed"}
    [(name, picture)] = place.pull.attachments.items()
    assert picture.startswith(b"\x89PNG") and f"/attachments/{name})" in place.thread.comments[0].content

    place.improve(0.9)
    assert place.build().code == 0
    assert (place.section.outcome, place.thread.status) == ("passed", "closed")
    assert place.states() == {"gate/coin": "succeeded", "gate": "succeeded"}

    first = place.section.moment
    again = place.build(build=first[0], attempt=2)
    assert again.code == 0 and "reused" in again.out + again.err
    assert place.section.moment == (first[0], 2)

    place.lab.git("checkout", "--quiet", "main")
    place.lab.git("merge", "--quiet", "--squash", "feature")
    place.pull.complete(place.lab.commit("Merged PR 1: an idea"))
    done = place.push()
    assert done.code == 0, done.err
    assert (place.section.outcome, place.thread.status) == ("promoted", "closed")
    assert dict(place.section.parts)["foot"].startswith("Merged → registered v3 → promoted · [The run](")
    [status] = place.server.repository.commit_statuses[place.pull.merge_commit or ""]
    assert (status["state"], status["context"]) == ("succeeded", {"genre": "mlops-ci", "name": "gate/coin"})


def test_a_fork_is_judged_and_writes_nothing(place: Place) -> None:
    place.propose(0.3, fork=True)
    before = {path: path.read_bytes() for path in (place.folder / "workspace").rglob("*") if path.is_file()}
    done = place.build(SYSTEM_ACCESSTOKEN="$(System.AccessToken)")
    assert done.code == 1, done.err
    assert place.pull.threads == [] and place.pull.statuses == []
    assert {path: path.read_bytes() for path in (place.folder / "workspace").rglob("*") if path.is_file()} == before
    assert (place.folder / "mlops-ci-coin.json").is_file()
    assert any("refused" in file.read_text() for file in place.folder.glob("mlops-ci-*.md"))


def _denied(place: Place) -> None:
    place.server.denied.add(CONTRIBUTE)


def _abandoned(place: Place) -> None:
    place.pull.abandon()


def _renamed(place: Place) -> None:
    place.server.repository.name, place.server.repository.id = "moved", "0" * 8


@pytest.mark.parametrize(("spoil", "variables", "says"), [
    (None, {"SYSTEM_ACCESSTOKEN": ""}, "map the job's token, as in env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}"),
    (None, {"SYSTEM_ACCESSTOKEN": "expired"}, "check SYSTEM_ACCESSTOKEN"),
    (_denied, {}, 'allow "Contribute to pull requests" to the build service'),
    (_abandoned, {}, "pull request 1 is closed"),
    (None, {"BUILD_REPOSITORY_ID": "none"}, "The Git repository with name or identifier none does not exist"),
])  # fmt: skip
def test_what_azure_does_not_let_us_write_decides_nothing_and_is_written_later(
    place: Place, spoil: Any, variables: dict[str, str], says: str
) -> None:
    place.propose(0.8)
    if spoil:
        spoil(place)
    done = place.build(**variables)
    assert done.code == 0, done.err
    lines = [line for line in (done.out + done.err).splitlines() if says in line]
    assert lines, done.out + done.err
    assert place.pull.threads == [] and "Traceback" not in done.err
    place.server.denied.clear()
    place.pull.status = "active"
    done = place.build("comment")
    assert (done.code, done.out) == (0, "pull request 1: the comment stands\n"), done.err
    assert place.section.outcome == "passed"
