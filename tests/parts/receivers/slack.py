"""An incoming webhook of Slack (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), with Block Kit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from tests.parts.loopback import Answer, Request
from tests.parts.receivers.receiver import Delivery, Receiver, RejectedError, media_of

MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
"""Slack cuts a message's text off behind so many characters."""

Schema = dict[str, Any]


def _string(longest: int, **further: Any) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, **further}


def _object(kind: str, properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, **properties},
        "required": ["type", *required],
        "additionalProperties": False,
    }


_ADDRESS = _string(3000, pattern="^https?://")
_ID = _string(255)


def _plain(longest: int) -> Schema:
    return _object("plain_text", {"text": _string(longest), "emoji": {"type": "boolean"}}, "text")


def _text(longest: int) -> Schema:
    marked = _object("mrkdwn", {"text": _string(longest), "verbatim": {"type": "boolean"}}, "text")
    return {"oneOf": [_plain(longest), marked]}


_IMAGE_FIELDS = {"image_url": _ADDRESS, "alt_text": _string(2000)}
_IMAGE = _object("image", _IMAGE_FIELDS, "image_url", "alt_text")
_BUTTON = _object(
    "button",
    {
        "text": _plain(75),
        "action_id": _ID,
        "url": _ADDRESS,
        "value": _string(2000),
        "style": {"enum": ["primary", "danger"]},
        "accessibility_label": _string(75),
    },
    "text",
)
_BLOCKS = [
    _object("divider", {"block_id": _ID}),
    _object("header", {"text": _plain(150), "block_id": _ID}, "text"),
    _object("image", {**_IMAGE_FIELDS, "title": _plain(2000), "block_id": _ID}, "image_url", "alt_text"),
    _object(
        "context",
        {
            "elements": {
                "type": "array",
                "minItems": 1,
                "maxItems": 10,
                "items": {"oneOf": [_IMAGE, *_text(3000)["oneOf"]]},
            },
            "block_id": _ID,
        },
        "elements",
    ),
    _object(
        "actions",
        {"elements": {"type": "array", "minItems": 1, "maxItems": 25, "items": _BUTTON}, "block_id": _ID},
        "elements",
    ),
    _object(
        "section",
        {
            "text": _text(3000),
            "fields": {"type": "array", "minItems": 1, "maxItems": 10, "items": _text(2000)},
            "accessory": {"oneOf": [_BUTTON, _IMAGE]},
            "expand": {"type": "boolean"},
            "block_id": _ID,
        },
    )
    | {"anyOf": [{"required": ["text"]}, {"required": ["fields"]}]},
]
_PAYLOAD = {
    "type": "object",
    "properties": {
        "text": _string(LONGEST_TEXT),
        "blocks": {"type": "array", "maxItems": MOST_BLOCKS, "items": {"oneOf": _BLOCKS}},
        "thread_ts": {"type": "string"},
        "unfurl_links": {"type": "boolean"},
        "unfurl_media": {"type": "boolean"},
        "mrkdwn": {"type": "boolean"},
    },
    "additionalProperties": False,
}


def _worded(status: int, headers: Mapping[str, str]) -> Answer:
    text = b"rate_limited" if status == 429 else b"rollup_error"
    return Answer(status, text, {"Content-Type": "text/html", **headers})


def _rejected(problem: str, word: str) -> RejectedError:
    return RejectedError(problem, Answer(400, word.encode(), {"Content-Type": "text/html"}))


@dataclass
class SlackReceiver(Receiver):
    """The webhook of one channel; its address is its secret."""

    path: ClassVar[str] = "/services/T00000000/B00000000/the-secret-of-the-channel"

    def refuse(self, status: int, headers: Mapping[str, str]) -> Answer:
        """How it words that it is busy or broken."""
        return _worded(status, headers)

    def take(self, request: Request) -> Answer:
        """Check a message and show it."""
        try:
            content = json.loads(request.body)
        except ValueError as error:
            raise _rejected(f"this is not JSON: {error}", "invalid_payload") from error
        if media_of(request) != "application/json" or not isinstance(content, dict):
            raise _rejected("this is not an object in application/json", "invalid_payload")
        if not content.get("text") and not content.get("blocks"):
            raise _rejected("neither text nor blocks", "no_text")
        errors = list(Draft202012Validator(_PAYLOAD).iter_errors(content))
        if errors:
            in_blocks = any(error.path and error.path[0] == "blocks" for error in errors)
            problem = "; ".join(f"{error.json_path}: {error.message[:300]}" for error in errors)
            raise _rejected(problem, "invalid_blocks" if in_blocks else "invalid_payload")
        ids = [block["block_id"] for block in content.get("blocks", []) if "block_id" in block]
        if len(ids) != len(set(ids)):
            raise _rejected("a block_id comes twice", "invalid_blocks")
        self.deliveries.append(Delivery(None, content, request))
        return Answer(200, b"ok", {"Content-Type": "text/html"})
