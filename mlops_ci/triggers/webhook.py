"""Calls anybody who understands signed webhooks: https://github.com/standard-webhooks/standard-webhooks (v1, HMAC)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from mlops_ci.errors import UsageError
from mlops_ci.project.receivers import Webhook
from mlops_ci.records.codec import encode
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import Means, Talk, json_call

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def tell(event: CloudEvent, to: Webhook, means: Means) -> Talk:
    """One request: the event as JSON."""
    # The id is signed with full stops around it, and so must not have any; a model's name may.
    message, moment = event.id.replace(".", "%2E"), str(means.now)
    content = f"{message}.{moment}.".encode() + encode(event)
    signature = base64.b64encode(hmac.new(_key(to, means.secret), content, hashlib.sha256).digest()).decode()
    yield json_call(
        "the webhook",
        to.url,
        event,
        {
            "webhook-id": message,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature}",
        },
        secret="webhook-signature",  # noqa: S106 - the name of the header
        hints=dict.fromkeys((401, 403), f"check that the receiver knows the secret in {to.variable}"),
    )
    return None


def _key(to: Webhook, secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _KEY_BYTES:
        what = f"the value of {to.variable} is no secret for a webhook"
        raise UsageError(what, hint=f"make one: echo {_PREFIX}$(openssl rand -base64 32)")
    return key
