"""``ci``: what the host's event calls for."""

from __future__ import annotations

from mlops_ci.errors import ConflictError
from mlops_ci.lifecycle.default_branch import register_and_promote
from mlops_ci.lifecycle.execution import execution
from mlops_ci.lifecycle.pull_request import judge_only
from mlops_ci.lifecycle.session import Session, still_clean
from mlops_ci.lifecycle.triggering import triggering_of
from mlops_ci.pipeline.progress import Progress
from mlops_ci.records.report import Report


def run_ci(session: Session, progress: Progress, *, force: bool = False) -> Report:
    """Run, judge and report; on a clean checkout of the default branch register and promote too.

    Raises:
        MlopsError: something did not work; a refusal by the gate is no error but an outcome.
    """
    with execution(session, progress, force=force) as trained:
        if session.context.event == "push" and session.dirty is None:
            if not still_clean(session):
                raise ConflictError(
                    "the checkout changed during the run", where=session.commit.short, hint="run the command again"
                )
            # Whoever hears of the model for the first time is to hear of this one.
            triggering_of(session).listen()
            return register_and_promote(session, trained)
        with session.store.together():
            return judge_only(session, trained)
