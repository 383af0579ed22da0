"""Starts an Azure pipeline.

https://learn.microsoft.com/rest/api/azure/devops/pipelines/runs/run-pipeline
"""

from __future__ import annotations

from typing import Any

from mlops_ci.project.receivers import PipelineRun
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.azure import azure_call
from mlops_ci.triggers.call import Means, Talk, identity
from mlops_ci.triggers.placeholders import filled


def tell(event: CloudEvent, to: PipelineRun, means: Means) -> Talk:
    """One request."""
    document: dict[str, Any] = {
        "templateParameters": filled(to.parameters, event),
        "variables": {name: {"value": value} for name, value in filled(to.variables, event).items()},
    }
    if to.branch:
        name = to.branch if to.branch.startswith("refs/") else f"refs/heads/{to.branch}"
        document["resources"] = {"repositories": {"self": {"refName": name}}}
    where = f"pipeline {to.pipeline} of {to.organisation}/{to.project}"
    answer = yield azure_call(
        means,
        (to.organisation, to.project),
        f"_apis/pipelines/{to.pipeline}/runs?api-version=7.1",
        document,
        variable=to.variable,
        hints={
            400: "check that the pipeline has these parameters, and variables that may be set when it is queued",
            403: f"let the identity of {to.variable} queue builds of {where}",
            404: f"there is no {where} that {to.variable} may see",
        },
        example={"id": 1},
    )
    made = identity(answer)
    return made and f"run {made}"
