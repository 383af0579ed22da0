"""Check runs and statuses of commits: what GitHub answers."""

from __future__ import annotations

from typing import Any

from tests.parts.github.call import Call, answered, not_found, refused
from tests.parts.github.nouns import CheckRun, Status
from tests.parts.loopback import Answer


def create(call: Call) -> Answer:
    """``POST .../check-runs``, for apps alone."""
    if call.author.app is None:
        return refused(403, "You must authenticate via a GitHub App.")
    here, sha = call.repository, call.body["head_sha"]
    if sha not in here.parents:
        return refused(422, f"No commit found for SHA: {sha}")
    run = CheckRun(here.ticks.id(), call.author, call.body["name"], sha, "queued", None, here.ticks.time(), None)
    _update(call, run)
    here.check_runs.append(run)
    shape = _shown(call, run)
    return answered(201, shape, {"Location": shape["url"]})


def change(call: Call) -> Answer:
    """``PATCH .../check-runs/{check_run_id}``, for the app that made it."""
    run = _wanted(call)
    if run is None:
        return not_found()
    if call.author.app is None:
        return refused(403, "You must authenticate via a GitHub App.")
    if run.author.app != call.author.app:
        app = call.author.app[0]
        what = "check run can only be modified by the GitHub App that created it."
        return refused(403, f"Invalid app_id `{app}` - {what}")
    _update(call, run)
    return answered(200, _shown(call, run))


def one(call: Call) -> Answer:
    """``GET .../check-runs/{check_run_id}``."""
    run = _wanted(call)
    return answered(200, _shown(call, run)) if run else not_found()


def of_commit(call: Call) -> Answer:
    """``GET .../commits/{ref}/check-runs``, newest first; of one name, the newest alone unless all are asked for."""
    ref = call.path["ref"]
    sha = call.repository.resolve(ref)
    if sha is None:
        return refused(422, f"No commit found for SHA: {ref}")
    name, status = call.query.get("check_name"), call.query.get("status")
    found: list[CheckRun] = []
    seen = set()
    for run in reversed(call.repository.check_runs):
        if run.head_sha == sha and name in (None, run.name):
            if call.query.get("filter", "latest") == "all" or (run.name, run.author.app) not in seen:
                found.append(run)
            seen.add((run.name, run.author.app))
    wanted = [run for run in found if status in (None, run.status)]
    return call.paged(wanted, lambda run: _shown(call, run), wrap="check_runs")


def status(call: Call) -> Answer:
    """``POST .../statuses/{sha}``."""
    here, sha, body = call.repository, call.path["sha"], call.body
    if sha not in here.parents:
        return refused(422, f"No commit found for SHA: {sha}")
    made = Status(
        here.ticks.id(), sha, body["state"], body.get("context", "default"), body.get("description"),
        body.get("target_url"), call.author, here.ticks.time(),
    )  # fmt: skip
    here.statuses.append(made)
    shape = call.shaped("status")
    shown = {
        **shape,
        "id": made.id,
        "url": call.link(f"statuses/{sha}"),
        "state": made.state,
        "context": made.context,
        "description": made.description,
        "target_url": made.target_url,
        "creator": call.user(shape["creator"], made.author),
        "created_at": made.created_at,
        "updated_at": made.created_at,
    }
    return answered(201, shown)


def _wanted(call: Call) -> CheckRun | None:
    number = int(call.path["check_run_id"])
    return next((run for run in call.repository.check_runs if run.id == number), None)


def _update(call: Call, run: CheckRun) -> None:
    """Change a check run as a body says; a conclusion completes it."""
    body = call.body
    for name in ("name", "status", "conclusion", "started_at", "completed_at", "details_url", "external_id"):
        if name in body:
            setattr(run, name, body[name])
    if "conclusion" in body:
        run.status = "completed"
        run.completed_at = body.get("completed_at") or call.repository.ticks.time()
    output = dict(body.get("output", {}))
    run.annotations += output.pop("annotations", [])
    run.output = {**run.output, **output}


def _shown(call: Call, run: CheckRun) -> dict[str, Any]:
    shape = call.shaped("check-run")
    number, slug = run.author.app or (0, "")
    url = call.link(f"check-runs/{run.id}")
    return {
        **shape,
        "id": run.id,
        "url": url,
        "html_url": call.page_url(f"runs/{run.id}"),
        "name": run.name,
        "head_sha": run.head_sha,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "details_url": run.details_url,
        "external_id": run.external_id or "",
        "output": {
            "title": run.output.get("title"),
            "summary": run.output.get("summary"),
            "text": run.output.get("text"),
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "app": {**shape["app"], "id": number, "slug": slug, "name": slug},
        "pull_requests": [],
    }
