"""A job of Azure Pipelines."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.errors import RemoteError
from mlops_ci.hosts.azure import commands, event
from mlops_ci.hosts.azure.api import AzureApi
from mlops_ci.hosts.azure.credentials import OF_THE_JOB, find_credential
from mlops_ci.hosts.azure.event import read_event
from mlops_ci.hosts.azure.reviews import AzureReviews
from mlops_ci.hosts.azure.variables import collection, lies_in_azure_repos, project_of, variable
from mlops_ci.hosts.host import Environment, Repository, Say
from mlops_ci.records.actor import Actor
from mlops_ci.records.conclusion import Annotation
from mlops_ci.records.host import HostContext


class AzureHost:
    """Reads the job's variables, and speaks to its agent and to Azure DevOps.

    Args:
        environ: the environment variables.
        say: prints a line into the job's output.
        branch: the branch, should it be another than the job says; a pull request stays one.
        default_branch: the branch that releases, where the checkout does not tell.
        sleep: waits between attempts of a request.
    """

    def __init__(
        self,
        environ: Environment,
        say: Say,
        *,
        branch: str | None = None,
        default_branch: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = environ
        self._say = say
        self._branch = branch
        self._default_branch = default_branch
        self._sleep = sleep
        self._percents = commands.undoes_percents(variable(environ, "DECODE_PERCENTS"))
        self._said: set[str] = set()

    def context(self, repository: Repository) -> HostContext:
        """Who runs us, for which event."""
        return read_event(self._environ, repository, branch=self._branch, default_branch=self._default_branch)

    def actor(self) -> Actor:
        """Who runs us."""
        return event.actor(self._environ)

    def neutralise(self, line: str) -> str:
        """No part of the line acts as a command to the agent, or on the terminal of who reads the log."""
        return commands.neutralise(line)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is printed meanwhile."""
        self._say(f"##[group]{self.neutralise(title)}")
        try:
            yield
        finally:
            self._say("##[endgroup]")

    def mask(self, secret: str) -> None:
        """Have the agent hide a secret."""
        for line in commands.hiding(secret, percents=self._percents):
            self._say(line)

    def annotate(self, annotation: Annotation) -> None:
        """Show a remark beside the run."""
        self._say(commands.issue(annotation, percents=self._percents))

    def outputs(self, values: Mapping[str, str]) -> None:
        """Set output variables, under the name of the step that we are."""
        for name, value in values.items():
            self._say(commands.output(name, value, percents=self._percents))

    def summary(self, markdown: str) -> None:
        """Have the agent upload a file, which the run's page shows on a tab.

        Raises:
            RemoteError: the file cannot be written.
        """
        folder = Path(variable(self._environ, "AGENT_TEMPDIRECTORY") or tempfile.gettempdir()).absolute()
        try:
            # It is uploaded after we are gone, and the agent empties its folder for temporary files itself.
            with tempfile.NamedTemporaryFile("wb", dir=folder, prefix="mlops-ci-", suffix=".md", delete=False) as file:
                file.write(markdown.encode(errors="replace"))
        except OSError as error:
            hint = "check AGENT_TEMPDIRECTORY"
            raise RemoteError(
                f"the summary cannot be written: {error.strerror}", where=str(folder), hint=hint
            ) from error
        self._say(commands.command("task.uploadsummary", {}, file.name, percents=self._percents))

    def git_settings(self) -> Mapping[str, str]:
        """The credential for the organisation's own repositories, and for no other address."""
        credential, organisation = find_credential(self._environ), collection(self._environ)
        if not credential or not organisation or not lies_in_azure_repos(self._environ):
            return {}
        return {f"http.{organisation}.extraheader": f"AUTHORIZATION: {credential.authorization}"}

    def reviews(self, context: HostContext | None) -> AzureReviews | None:
        """The pull requests in Azure Repos; None, with a notice, where the job cannot write to them."""
        provider = variable(self._environ, "BUILD_REPOSITORY_PROVIDER")
        if not lies_in_azure_repos(self._environ):
            if context and context.pull_request:
                self._note(f"no comment: the pull request lies at {provider}; the report is in the run's summary")
            return None
        organisation, credential = collection(self._environ), find_credential(self._environ)
        project, repository = project_of(self._environ), variable(self._environ, "BUILD_REPOSITORY_ID")
        if credential is None:
            self._note(f"no comment: map the job's token, as in env: {{{OF_THE_JOB}: $(System.AccessToken)}}")
            return None
        if not (organisation and project and repository):
            self._note("no comment: the job does not say where its repository lies; the report is in the run's summary")
            return None
        return AzureReviews(AzureApi(organisation, project, repository, credential, sleep=self._sleep))

    def workflow_run(self) -> None:
        """Each job of Azure Pipelines speaks for itself."""
        return

    def _note(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            self.annotate(Annotation("notice", message))
