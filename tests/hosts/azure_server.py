"""Azure DevOps with one open pull request, and a job of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlops_ci.hosts.azure.host import AzureHost
from mlops_ci.hosts.azure.reviews import AzureReviews
from mlops_ci.hosts.azure.threads import AzureConversation
from tests.hosts.azure_jobs import AUTHOR, MERGE, PULL_REQUEST, Checked
from tests.parts.azure_devops import FakeAzureDevOps
from tests.parts.azure_devops.repositories import PullRequest


@dataclass
class Site:
    """The server, its first pull request, and what the job prints. Nobody waits between attempts."""

    server: FakeAzureDevOps
    pull_request: PullRequest
    lines: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def job(self) -> dict[str, str]:
        """The environment of a job of the pull request that has the job's token mapped."""
        home = f"{self.server.url}{self.server.project.name}/_git/{self.server.repository.name}"
        return PULL_REQUEST | {
            "SYSTEM_COLLECTIONURI": self.server.url,
            "SYSTEM_TEAMPROJECT": self.server.project.name,
            "BUILD_REPOSITORY_ID": self.server.repository.id,
            "BUILD_REPOSITORY_URI": home,
            "SYSTEM_PULLREQUEST_PULLREQUESTID": str(self.pull_request.number),
            "SYSTEM_ACCESSTOKEN": self.server.token,
        }

    def host(self, **changed: str) -> AzureHost:
        """The host of a job of the pull request."""
        return AzureHost(self.job | changed, self.lines.append, sleep=self.pauses.append)

    def reviews(self, **changed: str) -> AzureReviews:
        """The pull requests, as a job reaches them."""
        host = self.host(**changed)
        found = host.reviews(host.context(Checked("main")))
        assert found
        return found

    def conversation(self, **changed: str) -> AzureConversation:
        """The comments of the pull request, as a job reaches them."""
        return self.reviews(**changed).conversation(self.pull_request.number)


@contextmanager
def site() -> Iterator[Site]:
    """One that runs until the block ends, and must have seen no request that the reference does not have."""
    with FakeAzureDevOps.started() as server:
        yield Site(server, server.open_pull_request(AUTHOR, "refs/heads/feature/carriers", merge_commit=MERGE))
        assert server.violations == []
