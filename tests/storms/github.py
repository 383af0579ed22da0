"""A pull request on the stand-in for GitHub, as jobs meet it in a storm."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mlops_ci.hosts.github.api import GitHubApi
from mlops_ci.hosts.github.host import GitHubHost, token_of
from mlops_ci.hosts.github.reviews import GitHubReviews
from mlops_ci.hosts.host import Host, Repository
from mlops_ci.records.host import HostContext
from mlops_ci.report.section import marker
from tests.hosts.hosts import Repository as Checkout
from tests.hosts.hosts import github_job
from tests.parts.github import FakeGitHub, Faults, event
from tests.parts.github.nouns import CheckRun
from tests.parts.github.tokens import IDENTITIES, Kind
from tests.registry.making import sha
from tests.storms.line import Line
from tests.storms.scenario import Job, Storm
from tests.storms.verdicts import require_heard, require_sections
from tests.triggers.office import project

_LOST = {"lost after", "502 after", "cut"}
_MAY = {"pull-requests": "write", "checks": "write", "statuses": "write", "contents": "write", "actions": "write"}
_PATHS = {"dispatch": "/repos/acme/ml/dispatches", "workflow": "/repos/acme/ml/actions/workflows/deploy.yml/dispatches"}


class _Api(GitHubApi):
    """Requests that take time."""

    line: Line

    def ask(self, method: str, path: str, **more: Any) -> Any:
        self.line.travel()
        answer = super().ask(method, path, **more)
        self.line.travel()
        return answer

    def pages(self, path: str, **more: Any) -> Iterator[Any]:
        for page in super().pages(path, **more):
            self.line.travel()
            yield page


class _Host(GitHubHost):
    line: Line

    def reviews(self, context: HostContext | None) -> GitHubReviews:
        token = token_of(self._environ) or ""
        api = _Api(token, "acme/ml", base=self._environ["GITHUB_API_URL"], sleep=self.line.sleep)
        api.line = self.line
        return GitHubReviews(api)


class GitHubSite:
    """Implements ``Site``."""

    repository = "acme/ml"

    def __init__(self, github: FakeGitHub, folder: Path, seed: int, faults: float) -> None:
        chance = random.Random(-seed)
        self._folder = folder
        self._github = github
        github.requests.clear()
        github.faults = Faults(seed, faults)
        self._here = github.repository(self.repository)
        self._here.commit("b" * 40)
        self._pull = self._here.open_pull(1, head=sha("one"))
        self._here.workflow("deploy.yml", inputs={"id": {"type": "string"}})
        self._kind: Kind = chance.choice(["github-token", "github-token", "app", "pat"])
        self._weak = chance.random() < 0.3
        begin = marker(self.repository)
        other: Kind = "app" if self._kind == "pat" else "pat"
        for body in ("Looks good to me", f"{begin}\nI have copied this", f"> {begin}"):
            self._here.comment(1, body, IDENTITIES[other])
        self._foreign = [(each.id, each.body, each.updated_at) for each in self._here.comments(1)]
        token = self._here.token(_MAY)
        self.environ = {"GITHUB_TOKEN": token, "GITHUB_API_URL": github.url}
        self.project = project(
            "{name: dispatch, github: acme/ml}",
            registered=('{name: workflow, github: acme/ml, workflow: deploy.yml, inputs: {id: "{id}"}}',),
        )

    def host(self, job: Job, attempt: int, say: Callable[[str], None], line: Line) -> tuple[Host, Repository]:
        folder = self._folder / f"{job.run}-{attempt}-{line.chance.getrandbits(64)}"
        folder.mkdir(parents=True)
        may = dict(_MAY)
        if self._weak and attempt == 1:
            del may[line.chance.choice(["pull-requests", "checks"] if self._kind != "pat" else ["pull-requests"])]
        name, ref = ("push", "refs/heads/main") if job.lands else ("pull_request", "refs/pull/1/merge")
        payload = event("push", after=job.commit) if job.lands else event("pull_request", number=1, head=job.commit)
        made = github_job(
            folder, name, json.dumps(payload).encode(), GITHUB_REF=ref, GITHUB_RUN_ID=str(job.run),
            GITHUB_RUN_ATTEMPT=str(attempt), GITHUB_API_URL=self._github.url, GITHUB_SHA=job.commit,
            GITHUB_TOKEN=self._here.token(may, self._kind),
        )  # fmt: skip
        host = _Host(made.environ, say, branch=None, default_branch=None)
        host.line = line
        return host, Checkout()

    def push(self, commit: str) -> None:
        if commit not in self._here.parents:
            self._here.commit(commit, "feature")
            if self._pull.state == "open":
                self._pull.head = commit

    def merge(self, commit: str) -> None:
        if self._pull.state == "open":
            self._here.merge(1, commit)

    def go_on(self, commit: str) -> None:
        if commit not in self._here.parents:
            self._here.commit(commit)

    def require(self, storm: Storm) -> None:
        begin, who = marker(self.repository), IDENTITIES[self._kind].login
        comments = self._here.comments(1)
        ours = [each for each in comments if each.author.login == who and each.body.startswith(begin)]
        require_sections(storm, [each.body for each in ours])
        foreign = [(each.id, each.body, each.updated_at) for each in comments if each not in ours]
        assert foreign == self._foreign, "others' words are not as they were"
        for job in storm.jobs:
            if storm.newest(job.model, job.commit) is job:
                self._require_conclusion(storm, job)
        for sink in ("dispatch", "workflow"):
            require_heard(storm, sink)

    def _require_conclusion(self, storm: Storm, job: Job) -> None:
        state, name = storm.state(job), f"mlops-ci / {job.model}"
        writers = [each for each in storm.jobs if (each.model, each.commit) == (job.model, job.commit)]
        if self._kind == "pat":
            said = [each.state for each in self._here.statuses if each.sha == job.commit and job.model in each.context]
            wanted = "failure" if state == "failure" else "success"
            # A status has no room for a moment: of two runs at one commit the later writer is believed.
            assert said[-1] == wanted or len(writers) > 1, f"{job}: {said[-1]}"
            return
        runs: list[CheckRun] = [
            each for each in self._here.check_runs if (each.name, each.head_sha) == (name, job.commit)
        ]
        assert runs[-1].conclusion == state, f"{job}: {runs[-1].conclusion}"
        assert len(runs) <= len(writers), f"{job}: {len(runs)} check runs"

    def arrived(self, sink: str) -> list[str]:
        if sink == "dispatch":
            return [each.client_payload["id"] for each in self._here.dispatches]
        return [each.inputs["id"] for each in self._here.workflow_runs]

    def lost_answers(self, sink: str) -> int:
        return sum(each.fault in _LOST and each.path == _PATHS[sink] for each in self._github.requests)
