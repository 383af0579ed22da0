"""A repository in Azure Repos with its pull requests and its agents, and a developer who pushes to it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.hosts.azure_jobs import PULL_REQUEST, PUSH
from tests.journeys.site import Site
from tests.parts.azure_devops import FakeAzureDevOps, IncomingWebhook, Pipeline
from tests.parts.azure_devops.repositories import PullRequest
from tests.parts.azure_devops.threads import Thread
from tests.parts.azure_extension import Extension
from tests.parts.azure_task import Agent, Connection, Ended

ROOT = Path(__file__).parents[3]
SECRET = "the-secret-of-the-webhook"
TRIGGERS = """\
triggers:
  model-promoted:
    - {name: shop, azure: acme/ml/12, parameters: {version: "{version}"}}
    - {name: landed, azure-webhook: acme/model-landed, secret: WEBHOOK_SECRET}
"""


class World(Site):
    """Everything around one repository; each job gets a machine of its own, with nothing but a shallow checkout."""

    def __init__(self, folder: Path, extension: Extension) -> None:
        super().__init__(folder)
        self.task = extension.task("MlopsCi")
        self.builds = itertools.count(8001)
        self.env: dict[str, str] = {}
        self.connections: dict[str, Connection] = {}

    def connect(self, server: FakeAzureDevOps) -> None:
        """Let the repository lie there, beside a pipeline and an incoming webhook."""
        self.server = server
        self.shop = server.add_pipeline(
            Pipeline(12, "shop", server.project, server.repository, parameters={"version": None})
        )
        self.landed = server.add_webhook(IncomingWebhook("model-landed", SECRET))
        self.address = f"{server.url}{server.project.name}/_git/{server.repository.name}"

    def tell_others(self) -> None:
        """Have a pipeline started and a webhook called when a model is promoted."""
        self.lab.write("mlops.yaml", (self.lab.folder / "mlops.yaml").read_text("utf-8") + TRIGGERS)
        self.env |= {"WEBHOOK_SECRET": SECRET, "MLOPS_CI_AZURE_DEVOPS_URL": self.server.endpoint}

    def push(self, message: str = "change") -> str:
        """Commit everything and push it to main."""
        return self.commit_and_send(message, "main")

    def make_champion(self) -> None:
        """Push, and have the first model promoted."""
        self.push("first")
        self.train_at_home()

    def pull_request(self, *, fork: bool = False) -> PullRequest:
        """Commit everything off main, and open the first pull request of it, or push to it again."""
        head, _, merge = self.propose(1, title="An idea", author="ada", branch=None if fork else "topic")
        if known := self.server.repository.pull_requests.get(1):
            known.push(head, merge)
            return known
        return self.server.open_pull_request(head, merge_commit=merge, is_fork=fork)

    def merge(self, pull_request: PullRequest) -> None:
        """Complete a pull request."""
        pull_request.complete(self.merge_into_main(pull_request.commits[-1]))

    def on_push(self, reason: str = "IndividualCI", **options: Any) -> Ended:
        """The build of main."""
        return self.build({"BUILD_REASON": reason}, self.main, "refs/heads/main", **options)

    def on_pull_request(self, pull_request: PullRequest, **options: Any) -> Ended:
        """The build of a pull request, by a branch policy; a fork's gets no token."""
        return self.build(self.of(pull_request), self._merge(pull_request), "refs/pull/1/merge", **options)

    def of(self, pull_request: PullRequest) -> dict[str, str]:
        """What a build of it says of a pull request."""
        own = {name: value for name, value in PULL_REQUEST.items() if PUSH.get(name) != value}
        return own | {
            "SYSTEM_PULLREQUEST_PULLREQUESTID": str(pull_request.number),
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": pull_request.source,
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": pull_request.commits[-1],
            "SYSTEM_PULLREQUEST_ISFORK": str(pull_request.is_fork),
        }

    def build(
        self,
        more: Mapping[str, str],
        sha: str,
        ref: str,
        *,
        number: int | None = None,
        attempt: int = 1,
        inputs: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        cancel_at: str | None = None,
        group: bool = True,
        shallow: bool = True,
    ) -> Ended:
        """Run the task ``MlopsCi@1`` on a fresh machine.

        Args:
            more: variables of the job.
            sha: what is checked out.
            ref: what it is a part of.
            number: of the build; by default the next.
            attempt: which one of that build.
            inputs: of the task.
            env: of the step.
            cancel_at: cancel the job once its log says this.
            shallow: with ``fetchDepth: 1``, else 0.
            group: tell all processes of the task, not Node alone.
        """
        machine = self.machine(f"{number or next(self.builds)}-{attempt}", more, sha, ref, shallow=shallow)
        given = {"workspace": self.place if self.place.startswith("/") else "git+origin"} | dict(inputs or {})
        connections = dict(self.connections)
        if more.get("SYSTEM_PULLREQUEST_ISFORK") != "True":
            token = {"AccessToken": self.server.token}
            connections["SystemVssConnection"] = Connection(self.server.url, {}, token, "OAuth")
        else:
            connections["SystemVssConnection"] = Connection(self.server.url, {}, {}, "OAuth")
        known: dict[str, Any] = {"connections": connections, "env": self.env | dict(env or {})}
        if cancel_at is not None:
            return machine.cancelled(self.task, given, cancel_at, group=group, **known)
        return machine.run(self.task, given, **known)

    def machine(self, name: str, more: Mapping[str, str], sha: str, ref: str, *, shallow: bool = True) -> Agent:
        """An agent with a checkout."""
        number, attempt = name.split("-")[:2]
        folder = self.folder / f"machine-{name}"
        self.check_out(folder / "s", sha, ref, self.address, shallow=shallow)
        common = {name: value for name, value in PUSH.items() if name != "SYSTEM_ACCESSTOKEN"}
        job = {
            "BUILD_BUILDID": number,
            "SYSTEM_JOBATTEMPT": attempt,
            "BUILD_SOURCEVERSION": sha,
            "BUILD_SOURCEBRANCH": ref,
            "SYSTEM_COLLECTIONURI": self.server.url,
            "SYSTEM_TEAMPROJECT": self.server.project.name,
            "BUILD_REPOSITORY_ID": self.server.repository.id,
            "BUILD_REPOSITORY_URI": self.address,
            "MLOPS_CI_CACHE_DIR": str(folder / "cache"),
        }
        return Agent(folder, folder / "s", common | job | dict(more))

    def thread(self, pull_request: PullRequest) -> Thread:
        """The one thread of a pull request."""
        [thread] = pull_request.threads
        return thread

    def said(self, pull_request: PullRequest) -> str:
        """The one comment of the one thread."""
        [comment] = self.thread(pull_request).comments
        return comment.content

    def status(self, pull_request: PullRequest) -> str:
        """What the status says that a branch policy requires."""
        states = [each["state"] for each in pull_request.statuses if each["context"]["name"] == "gate"]
        return str(states[-1])

    def _merge(self, pull_request: PullRequest) -> str:
        assert pull_request.merge_commit
        return pull_request.merge_commit
