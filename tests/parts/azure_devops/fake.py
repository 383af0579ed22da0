"""A stand-in for Azure DevOps that keeps state.

It has of the REST API (Microsoft's reference, api-version 7.1) what mlops-ci uses. A request that the reference does
not have is refused and noted in ``violations``; everything that came in is in ``requests``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.parts.azure_devops import access
from tests.parts.azure_devops.contract import Violation, read
from tests.parts.azure_devops.operations import Operations
from tests.parts.azure_devops.pipelines import IncomingWebhook, Pipeline, ReleaseDefinition
from tests.parts.azure_devops.replies import RefusedError, overloaded, refusal
from tests.parts.azure_devops.repositories import Project, PullRequest, Repository
from tests.parts.azure_devops.threads import Comment, Thread
from tests.parts.faults import Faults
from tests.parts.loopback import Answer, Request, serve

_NEEDS = {
    **dict.fromkeys(("create thread", "update thread", "create comment", "update comment"), access.CONTRIBUTE),
    **dict.fromkeys(("delete comment", "create status", "create attachment", "delete attachment"), access.CONTRIBUTE),
    "create commit status": access.CONTRIBUTE,
    "run pipeline": access.QUEUE_BUILDS,
    "create release": access.CREATE_RELEASES,
}


@dataclass
class FakeAzureDevOps:
    """An organization with one project and one repository to begin with.

    ``url`` is that of the collection and ``release_url`` that of its releases, which are another host there. What is
    in ``denied`` the identity may not do. With ``redirects_strangers`` a request without a credential is sent to a
    page to sign in; else it gets that page as a success.
    """

    organization: str = "acme"
    token: str = "the-token-of-the-build"
    identity: str = "Build\\7c9a8a1f-0c3c-4f35-9c5b-8f2f6b2b8d11"
    redirects_strangers: bool = False
    denied: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    projects: list[Project] = field(default_factory=lambda: [Project("ml")])
    repositories: list[Repository] = field(default_factory=list)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    release_definitions: dict[int, ReleaseDefinition] = field(default_factory=dict)
    webhooks: dict[str, IncomingWebhook] = field(default_factory=dict)
    endpoint: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.repositories.append(Repository("models", self.project))

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[FakeAzureDevOps]:
        """One that runs until the block ends."""
        server = cls()
        with serve(server.receive) as server.endpoint:
            yield server

    @property
    def url(self) -> str:
        """The address of the collection, ending in a slash."""
        return f"{self.endpoint}/{self.organization}/"

    @property
    def release_url(self) -> str:
        """The address of the collection on the host of releases, ending in a slash."""
        return f"{self.endpoint}/vsrm/{self.organization}/"

    @property
    def project(self) -> Project:
        """The first project."""
        return self.projects[0]

    @property
    def repository(self) -> Repository:
        """The first repository."""
        return self.repositories[0]

    def open_pull_request(
        self, commit: str, source: str = "refs/heads/topic", *, merge_commit: str | None = None, is_fork: bool = False
    ) -> PullRequest:
        """Open a pull request of a commit, against main of the first repository."""
        with self._lock:
            number = 1 + sum(len(each.pull_requests) for each in self.repositories)
            made = PullRequest(number, self.repository, source, "refs/heads/main", [commit], is_fork=is_fork)
            made.merge_commit = merge_commit
            self.repository.pull_requests[number] = made
            return made

    def add_thread(
        self, pull_request: PullRequest, content: str, author: str = "jo@acme.example", *, system: bool = False
    ) -> Thread:
        """A thread that somebody else wrote, or the service itself, which gives it no status."""
        with self._lock:
            kind = "system" if system else "text"
            made = Thread(len(pull_request.threads) + 1, None if system else "active")
            made.comments.append(Comment(1, author, content, kind))
            pull_request.threads.append(made)
            return made

    def add_pipeline(self, pipeline: Pipeline) -> Pipeline:
        """Let there be a pipeline."""
        return self.pipelines.setdefault(pipeline.number, pipeline)

    def add_release_definition(self, definition: ReleaseDefinition) -> ReleaseDefinition:
        """Let there be a classic release pipeline."""
        return self.release_definitions.setdefault(definition.number, definition)

    def add_webhook(self, webhook: IncomingWebhook) -> IncomingWebhook:
        """Let there be an incoming webhook."""
        return self.webhooks.setdefault(webhook.name, webhook)

    def receive(self, request: Request) -> Answer | None:
        """Answer a request, or fail it if it is its turn."""
        with self._lock:
            self.requests.append(request)
        return self.faults.spoil(request, self._answer, overloaded)

    def _answer(self, request: Request) -> Answer:
        """All of it happens at one instant."""
        with self._lock:
            try:
                return self._carried_out(request)
            except RefusedError as refused:
                return refusal(refused)

    def _carried_out(self, request: Request) -> Answer:
        path = urlsplit(request.target).path
        if path == access.SIGN_IN:
            return access.sign_in_page(200)
        release = path.startswith(f"/vsrm/{self.organization}/")
        below = path.removeprefix("/vsrm" if release else "").removeprefix(f"/{self.organization}/")
        call = read(request, below, release=release)
        if isinstance(call, Violation):
            self.violations.append(f"{request.method} {request.target}: {call.message}")
        sign_in = self.endpoint + access.SIGN_IN if self.redirects_strangers else None
        if not below.startswith("_apis/public/") and (answer := access.stranger(request, self.token, sign_in)):
            return answer
        if isinstance(call, Violation):
            raise RefusedError(call.status, call.kind, call.message)
        needed = _NEEDS.get(call.name)
        if needed in self.denied:
            raise access.forbidden(needed, self.identity)
        return Operations(self, call).answer()
