"""What GitHub enforces without that its OpenAPI says so (docs.github.com/rest)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.parts.github.pruning import Operation
from tests.parts.loopback import Request

LONGEST_COMMENT = 65_536
_LARGEST_PAYLOAD = 64 << 10
_LONGEST_DESCRIPTION = 140
_LONGEST_ANNOTATION_TITLE = 255
_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Breach:
    """A request that GitHub does not take, and how it says so."""

    status: int
    message: str


def breach_of(request: Request, operation: Operation, body: Any) -> Breach | None:
    """Which limit a request exceeds that the OpenAPI allows."""
    if not request.headers.get("user-agent"):
        return Breach(403, "Request forbidden by administrative rules: it has no User-Agent header")
    if request.headers.get("x-github-api-version", _VERSION) != _VERSION:
        return Breach(400, "Unsupported 'X-GitHub-Api-Version' header")
    if not 1 <= int(request.query.get("per_page", "30")) <= 100:
        return Breach(500, "per_page is not from 1 to 100")
    if int(request.query.get("page", "1")) < 1:
        return Breach(500, "there is no such page")
    if not any(kind in request.headers.get("accept", "*/*") for kind in ("*/*", "json")):
        return Breach(415, "the stand-in answers in JSON alone")
    match operation[0], operation[1].removeprefix("/repos/{owner}/{repo}/"):
        case ("post", "issues/{issue_number}/comments") | ("patch", "issues/comments/{comment_id}"):
            return _of_comment(body["body"])
        case "post", "dispatches":
            if len(json.dumps(body.get("client_payload", {})).encode()) >= _LARGEST_PAYLOAD:
                return Breach(422, "client_payload is too large")
        case "post", "actions/workflows/{workflow_id}/dispatches":
            if len(json.dumps(body.get("inputs", {}))) >= _LARGEST_PAYLOAD:
                return Breach(422, "inputs are too large")
        case "post", "deployments/{deployment_id}/statuses" | "statuses/{sha}":
            if len(body.get("description") or "") > _LONGEST_DESCRIPTION:
                return Breach(422, f"description is too long (maximum is {_LONGEST_DESCRIPTION} characters)")
        case ("post", "check-runs") | ("patch", "check-runs/{check_run_id}"):
            if body.get("status") == "completed" and "conclusion" not in body:
                return Breach(422, "a completed check run needs a conclusion")
            return _of_annotations(body.get("output", {}).get("annotations", []))
    return None


def _of_comment(text: str) -> Breach | None:
    if not text.strip():
        return Breach(422, "Body can't be blank")
    if len(text) > LONGEST_COMMENT:
        return Breach(422, f"Body is too long (maximum is {LONGEST_COMMENT} characters)")
    return None


def _of_annotations(annotations: list[dict[str, Any]]) -> Breach | None:
    for each in annotations:
        if len(each.get("title", "")) > _LONGEST_ANNOTATION_TITLE:
            return Breach(422, "the title of an annotation is too long")
        if any(len(each.get(name, "").encode()) > _LARGEST_PAYLOAD for name in ("message", "raw_details")):
            return Breach(422, "an annotation is too large")
        if each["start_line"] > each["end_line"]:
            return Breach(422, "an annotation ends before it starts")
        if each["start_line"] != each["end_line"] and {"start_column", "end_column"} & set(each):
            return Breach(422, "an annotation of several lines has columns")
    return None
