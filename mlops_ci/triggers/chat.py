"""Tells people, in Teams and in Slack. The address is the secret there."""

from __future__ import annotations

import html
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.project.addresses import address_problem
from mlops_ci.project.receivers import Slack, Teams
from mlops_ci.records.codec import encode
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import JSON, Call, Means, Talk
from mlops_ci.triggers.message import details, headline


def tell_teams(event: CloudEvent, to: Teams, means: Means) -> Talk:
    """A card, as a Teams workflow that was made from "when a webhook request is received" takes it.

    https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook. Runs of
    text are shown as they are, so that no foreign word can be a link.
    """
    lines = [(headline(event), "bolder"), *((line, "default") for line in details(event))]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "weight": weight}]}
            for text, weight in lines
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    yield _call("Teams", {"type": "message", "attachments": [attachment]}, to.variable, means)
    return None


def tell_slack(event: CloudEvent, to: Slack, means: Means) -> Talk:
    """Plain text, in which nothing is a link, a mention or mark-up: https://api.slack.com/messaging/webhooks."""
    lines = (headline(event), *details(event))
    block = {"type": "section", "text": {"type": "plain_text", "text": "\n".join(lines), "emoji": False}}
    yield _call("Slack", {"text": html.escape(lines[0], quote=False), "blocks": [block]}, to.variable, means)
    return None


def _call(service: str, document: Any, variable: str, means: Means) -> Call:
    if problem := address_problem(means.secret):
        raise UsageError(f"the value of {variable} is not right: {problem[0]}", hint=problem[1])
    return Call(
        service=service,
        method="POST",
        url=means.secret,
        headers={"Content-Type": JSON},
        body=encode(document),
        secret_address=True,
        hints=dict.fromkeys((400, 401, 403, 404, 410), f"check the address in {variable}; it may have been revoked"),
    )
