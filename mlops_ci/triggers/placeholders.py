"""Fills an event into the texts that a receiver is given."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_ci.project.receivers import Texts
from mlops_ci.project.triggers import PLACEHOLDER
from mlops_ci.records.event import CloudEvent


def values_of(event: CloudEvent) -> dict[str, str]:
    """What each placeholder stands for; empty for what the event does not have."""
    news = event.data
    return {
        "model": news.model,
        "version": str(news.version),
        "commit": news.commit or "",
        "alias": news.alias or "",
        "deployment": news.deployment or "",
        "endpoint": news.endpoint or "",
        "event": news.event,
        "id": event.id,
        "digest": news.digest,
        "url": news.workspace,
    }


def filled(texts: Mapping[str, str], event: CloudEvent) -> Texts:
    """The texts with the placeholders filled in, each once: what a value contains is no placeholder."""
    values = values_of(event)
    return {name: PLACEHOLDER.sub(lambda match: values[match[1]], text) for name, text in texts.items()}
