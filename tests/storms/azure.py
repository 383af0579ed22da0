"""A pull request on the stand-in for Azure DevOps, as jobs meet it in a storm."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops_ci.hosts.azure.api import AzureApi
from mlops_ci.hosts.azure.credentials import find_credential
from mlops_ci.hosts.azure.host import AzureHost
from mlops_ci.hosts.azure.reviews import AzureReviews
from mlops_ci.hosts.host import Host, Repository
from mlops_ci.records.host import HostContext
from mlops_ci.report.section import marker
from tests.hosts.azure_jobs import MERGE, PULL_REQUEST, PUSH, TIP, Checked
from tests.parts.azure_devops import CONTRIBUTE, FakeAzureDevOps, IncomingWebhook, Pipeline
from tests.parts.azure_devops.threads import Thread
from tests.parts.faults import Fault, Faults
from tests.registry.making import sha
from tests.storms.line import Line
from tests.storms.scenario import Job, Storm
from tests.storms.verdicts import require_heard, require_sections
from tests.triggers.office import project

_LOST = {Fault.LOST_AFTER, Fault.BAD_GATEWAY_AFTER, Fault.CUT}
_PATHS = {"run": "/pipelines/7/runs", "hook": "/webhooks/landed"}
_STATES = {"success": "succeeded", "failure": "failed", "neutral": "notApplicable"}
_SECRET = "s3cret-of-the-hook"


class _Api(AzureApi):
    """Requests that take time."""

    line: Line

    def one(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        self.line.travel()
        answer = super().one(method, path, **more)
        self.line.travel()
        return answer


class _Host(AzureHost):
    line: Line

    def reviews(self, context: HostContext | None) -> AzureReviews:
        credential = find_credential(self._environ)
        assert credential
        collection, project = self._environ["SYSTEM_COLLECTIONURI"], self._environ["SYSTEM_TEAMPROJECT"]
        api = _Api(collection, project, self._environ["BUILD_REPOSITORY_ID"], credential, sleep=self.line.sleep)
        api.line = self.line
        return AzureReviews(api)


class AzureSite:
    """Implements ``Site``."""

    def __init__(self, server: FakeAzureDevOps, folder: Path, seed: int, faults: float) -> None:
        chance = random.Random(-seed)
        self._server, self._folder = server, folder
        folder.mkdir()
        here = server.repository
        here.pull_requests.clear()
        here.commit_statuses.clear()
        server.requests.clear()
        server.denied.clear()
        server.faults = Faults(seed, faults)
        server.pipelines[7] = Pipeline(7, "deploy", server.project, here, {"id": None})
        server.webhooks["landed"] = IncomingWebhook("landed", _SECRET)
        self.repository = f"{server.project.name}/{here.name}"
        self._pull = server.open_pull_request(sha("one"), "refs/heads/feature", merge_commit=MERGE)
        self._weak = chance.random() < 0.3
        begin = marker(self.repository)
        for body in ("Looks good to me", f"{begin}\nI have copied this", f"> {begin}"):
            server.add_thread(self._pull, body)
        server.add_thread(self._pull, "The reviewer was added", system=True)
        self._foreign = [repr(thread) for thread in self._pull.threads]
        self.environ = {
            "HOOK": _SECRET, "SYSTEM_ACCESSTOKEN": server.token, "MLOPS_CI_AZURE_DEVOPS_URL": server.endpoint,
        }  # fmt: skip
        self.project = project(
            f'{{name: run, azure: acme/{server.project.name}/7, parameters: {{id: "{{id}}"}}}}',
            registered=("{name: hook, azure-webhook: acme/landed, secret: HOOK}",),
        )

    def host(self, job: Job, attempt: int, say: Callable[[str], None], line: Line) -> tuple[Host, Repository]:
        server = self._server
        if self._weak:  # for all jobs that run meanwhile
            (server.denied.add if attempt == 1 else server.denied.discard)(CONTRIBUTE)
        environ = {
            **(PUSH if job.lands else PULL_REQUEST),
            "SYSTEM_COLLECTIONURI": server.url, "SYSTEM_TEAMPROJECT": server.project.name,
            "BUILD_REPOSITORY_ID": server.repository.id, "BUILD_REPOSITORY_NAME": server.repository.name,
            "BUILD_REPOSITORY_URI": f"{server.url}{server.project.name}/_git/{server.repository.name}",
            "SYSTEM_ACCESSTOKEN": server.token, "SYSTEM_JOBATTEMPT": str(attempt), "BUILD_BUILDID": str(job.run),
            "AGENT_TEMPDIRECTORY": str(self._folder), "BUILD_SOURCEVERSION": job.commit if job.lands else MERGE,
            **({} if job.lands else {"SYSTEM_PULLREQUEST_PULLREQUESTID": "1",
                                     "SYSTEM_PULLREQUEST_SOURCECOMMITID": job.commit}),
        }  # fmt: skip
        host = _Host(environ, say, sleep=line.sleep)
        host.line = line
        return host, Checked("main", parents=(TIP, job.commit))

    def push(self, commit: str) -> None:
        if self._pull.status == "active" and commit not in self._pull.commits:
            self._pull.push(commit, MERGE)

    def merge(self, commit: str) -> None:
        if self._pull.status == "active":
            self._pull.complete(commit)

    def go_on(self, commit: str) -> None:
        pass  # what is pushed past pull requests is of no concern here

    def require(self, storm: Storm) -> None:
        begin, server = marker(self.repository), self._server
        ours = [each for each in self._pull.threads if each.comments[0].author == server.identity]
        standing = [each for each in ours if not each.comments[0].deleted]
        sections = require_sections(storm, [each.comments[0].content for each in standing])
        assert all(each.comments[0].content.startswith(begin) for each in standing)
        if standing:
            self._require_status(standing[0], any(section.asks for section in sections))
        assert [repr(each) for each in self._pull.threads if each not in ours] == self._foreign
        for job in storm.jobs:
            if storm.newest(job.model, job.commit) is job:
                self._require_conclusion(storm, job)
        for commit in self._pull.commits:
            self._require_sum(storm, commit)
        for sink in ("run", "hook"):
            require_heard(storm, sink)

    def _require_status(self, thread: Thread, asks: bool) -> None:
        assert thread.status == ("active" if asks else "closed"), f"the thread is {thread.status}"

    def _require_conclusion(self, storm: Storm, job: Job) -> None:
        said = (
            self._server.repository.commit_statuses.get(job.commit, []) if job.lands else self._of_iteration(job.commit)
        )
        mine = [each["state"] for each in said if each["context"]["name"] == f"gate/{job.model}"]
        assert mine and mine[-1] == _STATES[storm.state(job)], f"{job}: {mine[-1:]}"

    def _require_sum(self, storm: Storm, commit: str) -> None:
        newest = {job.model: storm.newest(job.model, commit) for job in storm.jobs if job.commit == commit}
        states = {_STATES[storm.state(job)] for job in newest.values() if job}
        sums = [each["state"] for each in self._of_iteration(commit) if each["context"]["name"] == "gate"]
        wanted = next((state for state in ("failed", "succeeded", "notApplicable") if state in states), None)
        assert sums[-1:] == ([wanted] if wanted else []), f"the sum at {commit[:7]} is {sums[-1:]}"

    def _of_iteration(self, commit: str) -> list[dict[str, Any]]:
        number = self._pull.commits.index(commit) + 1 if commit in self._pull.commits else None
        return [each for each in self._pull.statuses if each.get("iterationId") == number]

    def arrived(self, sink: str) -> list[str]:
        if sink == "run":
            return [each["templateParameters"]["id"] for each in self._server.pipelines[7].runs]
        return [each["id"] for each in self._server.webhooks["landed"].events]

    def lost_answers(self, sink: str) -> int:
        happened = self._server.faults.happened
        return sum(fault in _LOST and request.path.endswith(_PATHS[sink]) for fault, request in happened)
