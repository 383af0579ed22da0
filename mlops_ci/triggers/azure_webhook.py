"""Calls an incoming webhook of Azure Pipelines, to which pipelines listen by ``resources.webhooks``.

https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/resources-webhooks-webhook. The header has the
HMAC-SHA1 of the bytes of the body, the one signature that the service knows.
"""

from __future__ import annotations

import hashlib
import hmac

from mlops_ci.project.receivers import AzureWebhook
from mlops_ci.records.codec import encode
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import Means, Talk, json_call, part


def tell(event: CloudEvent, to: AzureWebhook, means: Means) -> Talk:
    """One request."""
    signature = hmac.new(means.secret.encode(), encode(event), hashlib.sha1).hexdigest()
    path = f"_apis/public/distributedtask/webhooks/{part(to.webhook)}?api-version=6.0-preview"
    wrong = f"check the secret in {to.variable} and the header {to.header} against the webhook's connection"
    missing = f"make a service connection for the incoming webhook {to.webhook}, and a pipeline that listens to it"
    yield json_call(
        "Azure DevOps",
        f"{means.azure.rstrip('/')}/{part(to.organisation)}/{path}",
        event,
        {to.header: f"sha1={signature}"},
        secret=to.header,
        hints={**dict.fromkeys((400, 401, 403), wrong), 404: missing},
    )
    return None
