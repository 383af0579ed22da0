"""Which event a job answers: out of the variables and the payload that GitHub gives it, without any I/O.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.errors import UsageError
from mlops_ci.hosts.github import payload as github
from mlops_ci.hosts.host import Environment, Repository
from mlops_ci.records.actor import Actor
from mlops_ci.records.host import Event, HostContext, PullRequest
from mlops_ci.records.workflow_run import WorkflowRun

SERVER = "https://github.com"
_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
# A dispatch and a schedule are asked for; a push is a commit.
_OF_A_REF: dict[str, Event] = {
    "push": "push",
    "schedule": "schedule",
    "workflow_dispatch": "dispatch",
    "repository_dispatch": "dispatch",
}
# Its jobs have the rights of a fork's: a token that reads, and no secrets.
_WITHOUT_RIGHTS = "dependabot[bot]"
_UNDERSTOOD = (*_OF_A_REF, "pull_request", "merge_group", "release")


@dataclass(frozen=True, slots=True)
class Job:
    """What decides: the job's variables, the payload, the checkout, and what the command line says."""

    environ: Environment
    payload: bytes
    checkout: Repository
    branch: str | None = None
    default_branch: str | None = None

    def context(self) -> HostContext:
        """Who runs us, for which event.

        Raises:
            UsageError: the event is not understood, or not what it should be, or no commit can judge it.
        """
        event = event_name(self.environ)
        if event == "pull_request":
            return self._pull_request()
        if event == "merge_group":
            return self._merge_group()
        if event == "release":
            return self._release()
        if event in _OF_A_REF:
            return self._of_a_ref(_OF_A_REF[event], event)
        raise _not_here(event)

    def _pull_request(self) -> HostContext:
        """A pull request. GitHub checks out a merge of it into its target, made for the test.

        The rules are those of the commit that was merged into, the first parent: what differs between it and the
        checkout is the author's work and nothing else. The payload's ``base.sha`` may be older than that, as it is the
        tip of the target when the author pushed last; it decides where something else than the merge is checked out.
        """
        event = github.read(self.payload, github.PullRequestEvent)
        pull, head, base = event.pull_request, event.pull_request.head, event.pull_request.base
        commit = github.sha(head.sha)
        ours = (base.repo.full_name if base.repo else None) or self.environ.get("GITHUB_REPOSITORY")
        theirs = head.repo.full_name if head.repo else None
        parents = self.checkout.parents
        is_merge = len(parents) == 2 and parents[1] == commit
        return self._made(
            "pull_request",
            event.repository,
            branch=github.name(head.ref),
            base=parents[0] if is_merge else github.sha(base.sha),
            commit=commit,
            pull_request=PullRequest(
                number=_number(pull.number),
                head=commit,
                branch=github.name(head.ref),
                target=github.name(base.ref),
                fork=theirs is None
                or ours is None
                or theirs.lower() != ours.lower()
                or self.environ.get("GITHUB_ACTOR") == _WITHOUT_RIGHTS,
                repository=github.repository_name(theirs) if theirs else None,
            ),
        )

    def _merge_group(self) -> HostContext:
        event = github.read(self.payload, github.MergeGroupEvent)
        group = event.merge_group
        branch = github.name(group.base_ref.removeprefix(_HEADS))
        belongs = branch == self._default_branch(event.repository)
        return self._made(
            # What is merged into another branch must not get where the default branch looks for its own.
            "merge_group" if belongs else "pull_request",
            event.repository,
            branch=branch,
            base=github.sha(group.base_sha),
            commit=github.sha(group.head_sha),
        )

    def _release(self) -> HostContext:
        event = github.read(self.payload, github.ReleaseEvent)
        return self._made("tag", event.repository, tag=github.name(event.release.tag_name))

    def _of_a_ref(self, kind: Event, event: str) -> HostContext:
        facts = github.read(self.payload, github.AnyEvent)
        ref = self.environ.get("GITHUB_REF", "")
        if facts.is_deletion:
            hint = "leave it out of the workflow: if: ${{ !github.event.deleted }}"
            raise UsageError("a deletion has no commit to train on", where=repr(ref), hint=hint)
        if ref.startswith(_TAGS) and not self.branch:
            return self._made("tag", facts.repository, tag=github.name(ref.removeprefix(_TAGS)))
        if not ref.startswith(_HEADS) and not self.branch:
            raise UsageError(
                "GITHUB_REF is neither a branch nor a tag", where=repr(ref[:80]), hint="name it with --branch"
            )
        branch = github.name(self.branch or ref.removeprefix(_HEADS))
        default = self._default_branch(facts.repository, always=branch if event == "schedule" else None)
        if branch == default:
            return self._made(kind, facts.repository, branch=branch, always=default)
        base = self.checkout.branch_commit(default)
        if base is None:
            raise UsageError(
                f"the rules of {default} judge this branch, and this clone does not have {default}",
                hint=f"run git fetch origin {default}:refs/remotes/origin/{default}, or check out with fetch-depth: 0",
            )
        return self._made("pull_request", facts.repository, branch=branch, base=base)

    def _default_branch(self, repository: github.Repository | None, always: str | None = None) -> str:
        """The branch that releases. ``always`` is that of an event which only it has."""
        told = repository.default_branch if repository else None
        default = self.default_branch or told or self.checkout.default_branch or always
        if default is None:
            raise UsageError("which branch releases?", hint="name it with --default-branch")
        return github.name(default)

    def _made(
        self,
        event: Event,
        repository: github.Repository | None,
        *,
        branch: str | None = None,
        base: str | None = None,
        commit: str | None = None,
        pull_request: PullRequest | None = None,
        tag: str | None = None,
        always: str | None = None,
    ) -> HostContext:
        return HostContext(
            host="github",
            event=event,
            branch=branch,
            default_branch=self._default_branch(repository, always),
            base=base,
            ephemeral=True,
            actor=actor(self.environ),
            repository=repository_of(self.environ),
            commit=commit,
            pull_request=pull_request,
            url=run_url(self.environ),
            tag=tag,
        )


def workflow_run(environ: Environment, payload: bytes) -> WorkflowRun:
    """The run that a job of ``workflow_run`` speaks for.

    Its ``pull_requests`` are not read: for forks they are empty.

    Raises:
        UsageError: the payload is not what it should be.
    """
    event = github.read(payload, github.WorkflowRunEvent)
    run, head = event.workflow_run, event.workflow_run.head_repository
    ours = environ.get("GITHUB_REPOSITORY") or (event.repository.full_name if event.repository else None)
    theirs = github.repository_name(head.full_name) if head and head.full_name else None
    return WorkflowRun(
        id=str(_number(run.id)),
        attempt=_number(run.run_attempt),
        event=run.event,
        commit=github.sha(run.head_sha),
        branch=github.name(run.head_branch) if run.head_branch else None,
        owner=theirs.partition("/")[0] if theirs else None,
        url=_page(environ, github.repository_name(ours), str(run.id), str(run.run_attempt)) if ours else None,
        fork=theirs is None or ours is None or theirs.lower() != ours.lower(),
    )


def event_name(environ: Environment) -> str:
    """The event's name.

    Raises:
        UsageError: there is none.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    if not name:
        hint = "run it in a job of GitHub Actions, or say --host local"
        raise UsageError("GITHUB_EVENT_NAME says no event", hint=hint)
    return name


def repository_of(environ: Environment) -> str | None:
    """The job's repository, ``owner/name``."""
    name = environ.get("GITHUB_REPOSITORY")
    return github.repository_name(name) if name else None


def server(environ: Environment) -> str:
    """The address of GitHub, or of an enterprise's own."""
    return (environ.get("GITHUB_SERVER_URL") or SERVER).rstrip("/")


def run_url(environ: Environment) -> str | None:
    """Where people see the run, and which attempt of it."""
    repository, run = repository_of(environ), environ.get("GITHUB_RUN_ID", "")
    if repository is None or not _is_count(run):
        return None
    return _page(environ, repository, run, environ.get("GITHUB_RUN_ATTEMPT", ""))


def _page(environ: Environment, repository: str, run: str, attempt: str) -> str:
    return f"{server(environ)}/{repository}/actions/runs/{run}" + (f"/attempts/{attempt}" if _is_count(attempt) else "")


def actor(environ: Environment) -> Actor:
    """Who started this attempt of the run: on a re-run another person than the one who pushed."""
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    return Actor(
        name=environ.get("GITHUB_TRIGGERING_ACTOR") or environ.get("GITHUB_ACTOR") or "unknown",
        repository=repository_of(environ),
        workflow=environ.get("GITHUB_WORKFLOW"),
        run_id=run or None,
        attempt=int(attempt) if _is_count(attempt) else None,
    )


def _not_here(event: str) -> UsageError:
    if event == "pull_request_target":
        return UsageError(
            "pull_request_target runs with credentials, so that a pull request's code must not run there",
            hint="use on: pull_request, and for forks a workflow_run workflow with mlops-ci comment",
        )
    if event == "workflow_run":
        return UsageError(
            "a workflow_run speaks for another run, whose code must not run there",
            hint="post that run's report with mlops-ci comment",
        )
    return UsageError(
        "nothing is to be done for this event", where=repr(event[:80]), hint=f"use one of {', '.join(_UNDERSTOOD)}"
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _number(value: int) -> int:
    if not 0 < value < 1 << 53:
        raise UsageError("not a number of a pull request or a run", where=str(value)[:40])
    return value
