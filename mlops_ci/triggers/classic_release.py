"""Makes a release of a classic release definition.

https://learn.microsoft.com/rest/api/azure/devops/release/releases/create
"""

from __future__ import annotations

from mlops_ci.project.receivers import ClassicRelease
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.azure import azure_call
from mlops_ci.triggers.call import Means, Talk, identity


def tell(event: CloudEvent, to: ClassicRelease, means: Means) -> Talk:
    """One request."""
    number = str(event.data.version)
    instance = {"alias": to.artifact, "instanceReference": {"id": number, "name": f"v{number}"}}
    document = {
        "definitionId": to.definition,
        "description": f"{event.data.model} v{number}: {event.data.event} ({event.id})",
        "artifacts": [instance] if to.artifact else [],
        "isDraft": False,
        "reason": "none",
    }
    where = f"release definition {to.definition} of {to.organisation}/{to.project}"
    answer = yield azure_call(
        means,
        (to.organisation, to.project),
        "_apis/release/releases?api-version=7.1",
        document,
        variable=to.variable,
        hints={
            400: f"check that {where} exists, and that its artifact is called {to.artifact or 'nothing: it has none'}",
            403: f"let the identity of {to.variable} create releases of {where}",
            404: f"there is no {where} that {to.variable} may see",
        },
        release=True,
        example={"id": 1},
    )
    made = identity(answer)
    return made and f"release {made}"
