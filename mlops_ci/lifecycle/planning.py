"""The plan of a session."""

from __future__ import annotations

from collections.abc import Collection

from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.plan import make_plan
from mlops_ci.pipeline.run import selected_steps
from mlops_ci.records.plan import Plan


def plan_session(session: Session, *, force: bool = False, only: Collection[str] = ()) -> Plan:
    """Plan the steps of a session's project."""
    steps = selected_steps(session.project.steps, only)
    return make_plan(steps, session.resolver, session.cache, force=force)
