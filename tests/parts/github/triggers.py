"""What starts workflows: what GitHub answers."""

from __future__ import annotations

import json

from tests.parts.github.call import Call, answered, not_found, refused
from tests.parts.github.nouns import Dispatch, Workflow, WorkflowRun
from tests.parts.loopback import Answer


def repository_dispatch(call: Call) -> Answer:
    """``POST .../dispatches``."""
    made = Dispatch(call.body["event_type"], call.body.get("client_payload", {}), call.author)
    call.repository.dispatches.append(made)
    return Answer(204)


def workflow_dispatch(call: Call) -> Answer:
    """``POST .../actions/workflows/{workflow_id}/dispatches``."""
    found = _named(call)
    if found is None:
        return not_found()
    file, workflow = found
    ref, inputs = call.body["ref"], call.body.get("inputs", {})
    sha = call.repository.resolve(ref)
    if sha is None or ref == sha:  # a commit is no branch and no tag
        return refused(422, f"No ref found for: {ref}")
    if not workflow.dispatchable:
        return refused(422, "Workflow does not have 'workflow_dispatch' trigger")
    if unexpected := [name for name in inputs if name not in workflow.inputs]:
        return refused(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
    for name, declared in workflow.inputs.items():
        if declared.get("required") and "default" not in declared and name not in inputs:
            return refused(422, f"Required input '{name}' not provided")
        if name in inputs and inputs[name] not in declared.get("options", [inputs[name]]):
            return refused(422, f"Provided value '{inputs[name]}' for input '{name}' not in the list of allowed values")
    run = WorkflowRun(call.repository.ticks.id(), file, ref, sha, inputs, call.author)
    call.repository.workflow_runs.append(run)
    if not call.body.get("return_run_details"):
        return Answer(204)
    urls = {"run_url": call.link(f"actions/runs/{run.id}"), "html_url": call.page_url(f"actions/runs/{run.id}")}
    return answered(200, {"workflow_run_id": run.id, **urls})


def _named(call: Call) -> tuple[str, Workflow] | None:
    """The workflow of a file name or a number."""
    wanted = call.path["workflow_id"]
    for file, workflow in call.repository.workflows.items():
        if wanted in (file, str(workflow.id)):
            return file, workflow
    return None
