"""``ci``: what the host's event calls for."""

from __future__ import annotations

from fnmatch import fnmatchcase

from mlops_ci.errors import ConflictError
from mlops_ci.lifecycle.default_branch import register_and_promote
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.execution import execution
from mlops_ci.lifecycle.pull_request import judge_only
from mlops_ci.lifecycle.session import Session, still_clean
from mlops_ci.lifecycle.triggering import triggering_of
from mlops_ci.pipeline.progress import Progress
from mlops_ci.project.deploy import DeployChoice
from mlops_ci.project.project import Project
from mlops_ci.records.host import HostContext
from mlops_ci.records.report import Report

REFUSALS = frozenset({"refused", "inconclusive"})


def nothing_to_do(context: HostContext, project: Project) -> str | None:
    """Why an event calls for nothing; None if it calls for something."""
    if context.event != "tag" or project.image.repository or deployments_of(project, context.tag or ""):
        return None
    return (
        f"nothing is done for the tag {context.tag or ''}: its commit was judged when it was pushed, and mlops.yaml "
        "has neither image.repository nor a deployment with tags that fit"
    )


def deployments_of(project: Project, tag: str) -> list[DeployChoice]:
    """The deployments that follow a tag."""
    return [choice for choice in project.deploy if any(fnmatchcase(tag, pattern) for pattern in choice.tags)]


def run_ci(session: Session, progress: Progress, *, force: bool = False) -> Report:
    """Run, judge and report; on a clean checkout of the default branch register and promote too.

    Raises:
        MlopsError: something did not work; a refusal by the gate is no error but an outcome.
    """
    with execution(session, progress, force=force) as trained:
        return conclude(session, trained)


def conclude(session: Session, trained: Trained) -> Report:
    """Judge what was trained, and register and promote it where the event calls for that.

    Raises:
        ConflictError: the checkout is not any more what was trained.
    """
    if releases(session):
        if not still_clean(session):
            raise ConflictError(
                "the checkout changed during the run", where=session.commit.short, hint="run the command again"
            )
        # Whoever hears of the model for the first time is to hear of this one.
        triggering_of(session).listen()
        return register_and_promote(session, trained)
    with session.store.together():
        return judge_only(session, trained)


def releases(session: Session) -> bool:
    """Whether what is trained is registered, and promoted if it passes."""
    return session.context.releases and session.dirty is None and not session.read_only


def fails(report: Report, context: HostContext) -> bool:
    """Whether the job is to fail: the gate does not let the model pass, and somebody had pushed it."""
    return report.outcome in REFUSALS and not context.is_asked_for
