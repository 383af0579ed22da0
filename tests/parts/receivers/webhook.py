"""A receiver of signed webhooks, as standardwebhooks.com has them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import ClassVar

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.parts.loopback import Answer, Request
from tests.parts.receivers.receiver import Delivery, Receiver, RejectedError, media_of

_KEY = b"0123456789abcdef0123456789abcdef"


@dataclass
class WebhookReceiver(Receiver):
    """It takes what is signed with its ``secret`` no longer than five minutes ago.

    One id may come many times, as an attempt is repeated, but always with the same bytes.
    """

    secret: str = "whsec_" + base64.b64encode(_KEY).decode()

    path: ClassVar[str] = "/hook"

    def take(self, request: Request) -> Answer:
        """Verify a delivery with the reference implementation."""
        if media_of(request) != "application/json":
            raise RejectedError("the media type is not application/json", Answer(415))
        headers = dict(request.headers)
        if not re.fullmatch(r"\d{1,15}", headers.get("webhook-timestamp", "")):
            raise RejectedError("webhook-timestamp is not a number of seconds", Answer(400))
        if not re.fullmatch(r"[!-~]{1,256}", headers.get("webhook-id", "")) or "." in headers["webhook-id"]:
            # A full stop parts what is signed: with one in the id, two messages could share a signature.
            raise RejectedError("webhook-id is none", Answer(400))
        if not re.fullmatch(r"v\w+,\S+( v\w+,\S+)*", headers.get("webhook-signature", "")):
            raise RejectedError("webhook-signature is no list of signatures", Answer(400))
        try:
            Webhook(self.secret).verify(request.body, headers, json_parse=False)
            content = json.loads(request.body)
        except WebhookVerificationError as error:
            raise RejectedError(str(error), Answer(401)) from error
        except ValueError as error:
            raise RejectedError(f"cannot be read: {error}", Answer(400)) from error
        event = headers["webhook-id"]
        if any(earlier.request.body != request.body for earlier in self.of(event)):
            raise RejectedError(f"the id {event} came with other content before", Answer(409))
        self.deliveries.append(Delivery(event, content, request))
        return Answer(204)
