"""Starts workflows that run ``on: repository_dispatch``.

https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
"""

from __future__ import annotations

from typing import Any

from mlops_ci.project.receivers import RepositoryDispatch
from mlops_ci.records.codec import plain
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import Means, Talk
from mlops_ci.triggers.fitting import fitting
from mlops_ci.triggers.github import LARGEST_PAYLOAD, github_call


def tell(event: CloudEvent, to: RepositoryDispatch, means: Means) -> Talk:
    """One request. What a workflow needs most is at the top of ``client_payload``, the whole news in its ``data``."""
    payload = fitting(event, _payload, LARGEST_PAYLOAD)
    document = {"event_type": to.event, "client_payload": payload}
    yield github_call(means, to.repository, "dispatches", document, variable=to.variable, permission="contents: write")
    return None


def _payload(event: CloudEvent) -> dict[str, Any]:
    """GitHub takes at most ten keys at the top."""
    news = event.data
    return {
        "id": event.id,
        "event": news.event,
        "time": event.time,
        "model": news.model,
        "version": news.version,
        "alias": news.alias,
        "commit": news.commit,
        "digest": news.digest,
        "data": plain(news),
    }
