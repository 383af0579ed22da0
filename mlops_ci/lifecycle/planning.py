"""The plan of a session."""

from __future__ import annotations

import json
from collections.abc import Collection

from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.plan import make_plan
from mlops_ci.pipeline.run import selected_steps
from mlops_ci.records.codec import plain
from mlops_ci.records.plan import Plan


def plan_session(session: Session, *, force: bool = False, only: Collection[str] = ()) -> Plan:
    """Plan the steps of a session's project."""
    steps = selected_steps(session.project.steps, only)
    return make_plan(steps, session.resolver, session.cache, force=force)


def hand_over(session: Session, planned: Plan) -> None:
    """Hand the jobs of a plan to later jobs: ``jobs`` as an array, ``matrix`` as GitHub wants it.

    A matrix without a job is refused there, so that the job that uses it asks for ``jobs != '[]'`` first. ``only`` has
    the steps as the action run takes them.
    """
    jobs = plain(planned.jobs)
    included = [{**job, "only": "\n".join(job["steps"])} for job in jobs]
    session.host.outputs({"jobs": json.dumps(jobs), "matrix": json.dumps({"include": included})})
