"""What others hear when a model is registered, promoted or deployed: a CloudEvent, version 1.0, in JSON.

The format is that of https://github.com/cloudevents/spec; ``data`` is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mlops_ci.records.deployment import TargetKind
from mlops_ci.records.files import FileRecord
from mlops_ci.records.verdict import Outcome

EventName = Literal["model-registered", "model-promoted", "model-deployed", "deployment-failed", "deployment-deleted"]
EVENT_TYPE = "mlops-ci."


@dataclass(frozen=True, slots=True)
class News:
    """What happened to which version.

    ``alias`` is the one that moved, and ``verdict`` the outcome that it moved on; null but for a promotion.
    ``previous`` is the version that it pointed to, or that served before. ``deployment`` says as what a version serves,
    ``target`` on what kind of place, ``endpoint`` where clients reach it and ``image`` out of what; ``reason`` is why
    it failed, or was written off. ``commit`` is the one that was asked for, null for a model trained elsewhere.
    ``workspace`` is where the version can be downloaded, without credentials. ``left_out`` names the fields that were
    emptied because the receiver takes no more. A ``test`` is nothing to act on.
    """

    event: EventName
    model: str
    version: int
    digest: str
    workspace: str
    commit: str | None = None
    alias: str | None = None
    previous: int | None = None
    verdict: Outcome | None = None
    deployment: str | None = None
    target: TargetKind | None = None
    endpoint: str | None = None
    image: str | None = None
    reason: str | None = None
    run: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    files: tuple[FileRecord, ...] = ()
    left_out: tuple[str, ...] = ()
    test: bool = False


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event; ``id`` is the same however often it is sent, ``time`` that of the entry in the log."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: News
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"


def event_of_news(news: News, *, id: str, workspace: str, time: str) -> CloudEvent:  # noqa: A002 - the standard's word
    """The event for news from the workspace of that id."""
    return CloudEvent(
        id=id,
        source=f"urn:mlops-ci:workspace:{workspace}",
        type=EVENT_TYPE + news.event,
        subject=f"models/{news.model}:{news.version}",
        time=time,
        data=news,
    )
