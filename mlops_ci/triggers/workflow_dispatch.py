"""Starts one workflow with inputs.

https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event
"""

from __future__ import annotations

from mlops_ci.project.receivers import WorkflowDispatch
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import Means, Talk, part
from mlops_ci.triggers.github import github_call
from mlops_ci.triggers.placeholders import filled


def tell(event: CloudEvent, to: WorkflowDispatch, means: Means) -> Talk:
    """One request."""
    document = {"ref": to.ref, "inputs": filled(to.inputs, event)}
    yield github_call(
        means,
        to.repository,
        f"actions/workflows/{part(to.workflow)}/dispatches",
        document,
        variable=to.variable,
        permission="actions: write",
        hints={422: f"{to.workflow} on {to.ref} must have on: workflow_dispatch, with these inputs"},
    )
    return None
