"""A workflow of Microsoft Teams that posts a card when a webhook is called ("Post to a channel when a webhook request
is received"; learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.parts.loopback import Answer, Request
from tests.parts.receivers.adaptive_card import problems_of
from tests.parts.receivers.receiver import Delivery, Receiver, RejectedError, media_of

LARGEST = 28 << 10
_CARD = "application/vnd.microsoft.card.adaptive"


def _worded(status: int, headers: Mapping[str, str] | None = None, message: str = "") -> Answer:
    error = {"error": {"code": str(status), "message": message}}
    return Answer(status, json.dumps(error).encode(), {"Content-Type": "application/json", **(headers or {})})


def _rejected(status: int, message: str) -> RejectedError:
    return RejectedError(message, _worded(status, message=message))


@dataclass
class TeamsReceiver(Receiver):
    """The webhook of one workflow; the address with its signature is its secret."""

    path: ClassVar[str] = "/workflows/0123456789abcdef/triggers/manual/paths/invoke"

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"{super().url}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=the-secret"

    def refuse(self, status: int, headers: Mapping[str, str]) -> Answer:
        """How it words that it is busy or broken."""
        return _worded(status, headers)

    def take(self, request: Request) -> Answer:
        """Check a message and post its cards."""
        if request.query.get("sig") != "the-secret" or request.query.get("api-version") != "2016-06-01":
            raise _rejected(401, "The request is not signed for this workflow.")
        if media_of(request) != "application/json":
            raise _rejected(415, "the media type is not application/json")
        if len(request.body) > LARGEST:
            raise _rejected(413, f"The message has more than {LARGEST} bytes.")
        try:
            content = json.loads(request.body)
        except ValueError as error:
            raise _rejected(400, f"this is not JSON: {error}") from error
        if problem := _problem_of_message(content):
            raise _rejected(400, problem)
        self.deliveries.append(Delivery(None, content, request))
        return Answer(202)


def _problem_of_message(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("type") != "message" or set(message) != {"type", "attachments"}:
        return "this is no message with attachments"
    attachments = message["attachments"]
    if not isinstance(attachments, list) or len(attachments) != 1:
        return "there is not one attachment"
    (attachment,) = attachments
    if not isinstance(attachment, dict) or attachment.get("contentType") != _CARD:
        return f"the attachment is not {_CARD}"
    if set(attachment) - {"contentType", "contentUrl", "content"} or attachment.get("contentUrl") is not None:
        return "the attachment has fields that a card has not"
    return "; ".join(problems_of(attachment.get("content"))) or None
