"""From the variables of a job of Azure Pipelines to the event that it answers."""

from __future__ import annotations

import re
from urllib.parse import quote

from mlops_ci.errors import UsageError
from mlops_ci.hosts.azure.variables import collection, lies_in_azure_repos, number, repository_name, variable
from mlops_ci.hosts.host import Environment, Repository
from mlops_ci.records.actor import Actor
from mlops_ci.records.host import Event, HostContext, PullRequest

_PULL_REQUEST = re.compile(r"^refs/pull/([0-9]{1,18})/(?:merge|head)$")
# What a run of the default branch is, unless somebody has pushed: a later commit is not to blame for a refusal.
_EVENTS: dict[str, Event] = {
    "Schedule": "schedule",
    "ScheduleForced": "schedule",
    "Manual": "dispatch",
    "UserCreated": "dispatch",
    "ResourceTrigger": "dispatch",
    "BuildCompletion": "dispatch",
}


def read_event(
    environ: Environment, repository: Repository, *, branch: str | None = None, default_branch: str | None = None
) -> HostContext:
    """The event, as the job's variables and the checkout tell it.

    Args:
        environ: the environment variables.
        repository: the checkout.
        branch: the branch, should it be another than the job says; a pull request stays one.
        default_branch: the branch that releases, where the checkout does not tell.

    Raises:
        UsageError: the job does not tell what it builds, or the checkout lacks what judges it.
    """
    ref = branch or variable(environ, "BUILD_SOURCEBRANCH")
    if variable(environ, "BUILD_SOURCETFVCSHELVESET") or (ref or "").startswith("$/"):
        raise UsageError("this job builds no git repository", hint="mlops-ci needs one")
    if ref is None:
        hint = "name it with --branch; a job of Azure Pipelines says it in BUILD_SOURCEBRANCH"
        raise UsageError("the job does not say which branch it builds", hint=hint)
    default = default_branch or _told(repository, _short(ref))
    if variable(environ, "BUILD_REASON") == "PullRequest" or _PULL_REQUEST.match(ref):
        return _pull_request(environ, repository, ref, default)
    if ref.startswith("refs/tags/"):
        tag = ref.removeprefix("refs/tags/")
        return _context(environ, "tag", branch=None, default=default or "main", tag=tag)
    if default is None:
        hint = "name it with --default-branch, or the variable MLOPS_CI_DEFAULT_BRANCH"
        raise UsageError("which branch releases? The checkout of a job does not tell", hint=hint)
    built = _short(ref)
    if built == default:
        event = _EVENTS.get(variable(environ, "BUILD_REASON") or "", "push")
        return _context(environ, event, branch=built, default=default)
    base = repository.branch_commit(default)
    if base is None:
        raise _no_base("branch", default)
    return _context(environ, "pull_request", branch=built, default=default, base=base)


def _pull_request(environ: Environment, repository: Repository, ref: str, default: str | None) -> HostContext:
    target = _short(variable(environ, "SYSTEM_PULLREQUEST_TARGETBRANCH") or default or "")
    if not target:
        hint = "name the branch that releases with --default-branch, or the variable MLOPS_CI_DEFAULT_BRANCH"
        raise UsageError("the job does not say where its pull request leads", hint=hint)
    head, base = _ends(environ, repository, ref)
    if base is None:
        base = repository.branch_commit(target)
    if base is None:
        raise _no_base("pull request", target)
    source = variable(environ, "SYSTEM_PULLREQUEST_SOURCEBRANCH")
    branch = _short(source) if source else None
    address = variable(environ, "SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI")
    which = _number_of(environ, ref)
    return _context(
        environ,
        "pull_request",
        branch=branch,
        # Nothing is released here, so that the target will do where nothing tells which branch does.
        default=default or target,
        base=base,
        commit=head,
        pull_request=None
        if which is None or head is None
        else PullRequest(
            number=which,
            head=head,
            branch=branch,
            target=target,
            fork=(variable(environ, "SYSTEM_PULLREQUEST_ISFORK") or "").lower() == "true",
            repository=repository_name(address) if address else None,
        ),
    )


def _ends(environ: Environment, repository: Repository, ref: str) -> tuple[str | None, str | None]:
    """The author's commit, and the one that it was merged into: what is built is a merge of the two, in that order."""
    head = variable(environ, "SYSTEM_PULLREQUEST_SOURCECOMMITID")
    parents = repository.parents
    # Whoever has checked out something else is not to be judged by an earlier commit of the author's.
    if len(parents) == 2 and head in {None, parents[1]} and ref.endswith("/merge"):
        return parents[1], parents[0]
    return head or variable(environ, "BUILD_SOURCEVERSION"), None


def _number_of(environ: Environment, ref: str) -> int | None:
    """The number that people see: a repository at GitHub has its own, besides Azure's identifier."""
    found = number(environ, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")
    if found is None and lies_in_azure_repos(environ):
        found = number(environ, "SYSTEM_PULLREQUEST_PULLREQUESTID")
    match = _PULL_REQUEST.match(ref)
    return int(match[1]) if found is None and match else found


def _context(
    environ: Environment,
    event: Event,
    *,
    branch: str | None,
    default: str,
    base: str | None = None,
    commit: str | None = None,
    pull_request: PullRequest | None = None,
    tag: str | None = None,
) -> HostContext:
    repository = _repository(environ)
    return HostContext(
        host="azure",
        event=event,
        branch=branch,
        default_branch=default,
        base=base,
        ephemeral=True,
        actor=actor(environ),
        repository=repository,
        commit=commit,
        pull_request=pull_request,
        url=_url(environ),
        tag=tag,
    )


def actor(environ: Environment) -> Actor:
    """For whom the run was started."""
    return Actor(
        name=variable(environ, "BUILD_REQUESTEDFOR") or "unknown",
        repository=_repository(environ),
        workflow=variable(environ, "BUILD_DEFINITIONNAME"),
        run_id=variable(environ, "BUILD_BUILDID"),
        attempt=number(environ, "SYSTEM_JOBATTEMPT"),
    )


def _repository(environ: Environment) -> str | None:
    name = variable(environ, "BUILD_REPOSITORY_NAME")
    project = variable(environ, "SYSTEM_TEAMPROJECT")
    return f"{project}/{name}" if name and project and lies_in_azure_repos(environ) else name


def _url(environ: Environment) -> str | None:
    organisation, build = collection(environ), variable(environ, "BUILD_BUILDID")
    project = variable(environ, "SYSTEM_TEAMPROJECT")
    if not (organisation and project and build):
        return None
    return f"{organisation}{quote(project, safe='')}/_build/results?buildId={quote(build, safe='')}"


def _told(repository: Repository, built: str) -> str | None:
    """The default branch as the checkout tells it, believed of the built branch only if it has one of the usual names.

    The agent's checkout often has no more than the branch that is built: being alone does not make it the one that
    releases.
    """
    found = repository.default_branch
    return None if found == built and found not in {"main", "master"} else found


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def _no_base(what: str, branch: str) -> UsageError:
    return UsageError(
        f"the rules of {branch} judge this {what}, and this clone does not have {branch}",
        hint="set fetchDepth: 0 on the checkout step",
    )
