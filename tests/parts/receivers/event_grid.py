"""A custom topic of Azure Event Grid (learn.microsoft.com/azure/event-grid/post-to-custom-topic)."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator

from tests.parts.loopback import Answer, Request
from tests.parts.receivers.receiver import Delivery, Receiver, RejectedError, media_of

LARGEST = 1 << 20
_NAME = {"type": "string", "minLength": 1}
_EVENT = {
    "type": "object",
    "properties": {
        "id": _NAME,
        "subject": _NAME,
        "eventType": _NAME,
        "eventTime": _NAME,
        "data": {},
        "dataVersion": {"type": "string"},
        "metadataVersion": {"const": "1"},
        # The topic sets it; a publisher may only repeat what the topic itself is called.
        "topic": {"const": ""},
    },
    "required": ["id", "subject", "eventType", "eventTime", "data", "dataVersion"],
    "additionalProperties": False,
}
_REQUIRED_OF_CLOUD_EVENTS = ("specversion", "id", "source", "type")
_CODES = {400: "BadRequest", 401: "Unauthorized", 413: "RequestEntityTooLarge", 415: "UnsupportedMediaType"}


def _worded(status: int, headers: Mapping[str, str] | None = None, message: str = "") -> Answer:
    error = {"error": {"code": _CODES.get(status, "ServiceError"), "message": message}}
    return Answer(status, json.dumps(error).encode(), {"Content-Type": "application/json", **(headers or {})})


def _rejected(status: int, message: str) -> RejectedError:
    return RejectedError(message, _worded(status, message=message))


@dataclass
class EventGridReceiver(Receiver):
    """It takes Event Grid's own schema and CloudEvents 1.0, one or many in JSON, with its key."""

    key: str = "bm90LWEta2V5LWJ1dC1sb25nLWVub3VnaA=="

    path: ClassVar[str] = "/api/events"

    def refuse(self, status: int, headers: Mapping[str, str]) -> Answer:
        """How it words that it is busy or broken."""
        return _worded(status, headers)

    def take(self, request: Request) -> Answer:
        """Check events and keep each of them, or none."""
        if request.query != {"api-version": "2018-01-01"}:
            raise _rejected(400, f"the parameters are {request.query}")
        if not hmac.compare_digest(request.headers.get("aeg-sas-key", "").encode(), self.key.encode()):
            raise _rejected(401, "The request authorization key is not authorized.")
        if len(request.body) > LARGEST:
            raise _rejected(413, f"The maximum size ({LARGEST}) has been exceeded.")
        media = media_of(request)
        try:
            content = json.loads(request.body)
        except ValueError as error:
            raise _rejected(400, f"This is not JSON: {error}") from error
        match media:
            case "application/json" | "application/cloudevents-batch+json":
                if not isinstance(content, list) or not content:
                    raise _rejected(400, f"{media} wants a list of events")
                events = content
            case "application/cloudevents+json":
                events = [content]
            case _:
                raise _rejected(415, f"the media type {media} is none of events")
        for event in events:
            problem = _problem_of_event(event) if media == "application/json" else _problem_of_cloud_event(event)
            if problem:
                raise _rejected(400, problem)
        self.deliveries.extend(Delivery(event["id"], event, request) for event in events)
        return Answer(200)


def _problem_of_event(event: Any) -> str | None:
    problems = [
        f"{error.json_path}: {error.message[:300]}" for error in Draft202012Validator(_EVENT).iter_errors(event)
    ]
    if problems:
        return "; ".join(problems)
    return None if _is_time(event["eventTime"]) else "$.eventTime is no time with its zone"


def _problem_of_cloud_event(event: Any) -> str | None:
    if not isinstance(event, dict):
        return "a CloudEvent is an object"
    # The library makes up what is missing.
    if missing := [name for name in _REQUIRED_OF_CLOUD_EVENTS if not event.get(name)]:
        return f"required attributes are missing: {missing}"
    if re.search(r"[\s<>\"{}|\\^`]", str(event["source"])):
        return "source is no URI reference"
    if "time" in event and not _is_time(event["time"]):
        return "time is no time with its zone"
    if wrong := [name for name, value in event.items() if name != "data" and isinstance(value, dict | list)]:
        return f"attributes have plain values only: {wrong}"
    try:
        JSONFormat().read(CloudEvent, json.dumps(event))
    except (CloudEventValidationError, ValueError, TypeError) as error:
        return f"no CloudEvent: {error}"
    return None


def _is_time(text: Any) -> bool:
    """Whether this is a time as RFC 3339 writes it."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return False
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text)).tzinfo is not None
    except ValueError:
        return False
