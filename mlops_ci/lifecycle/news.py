"""Makes of an entry of a log the event that others hear; the same one whoever makes it, and whenever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mlops_ci.errors import UsageError
from mlops_ci.project.receivers import Receiver
from mlops_ci.records.entry import Alias, Deployed, Register, Tag
from mlops_ci.records.event import CloudEvent, EventName, News, event_of_news
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import LogEntry
from mlops_ci.workspace.format import read_format


@dataclass
class Newsroom:
    """The events of one model's log.

    Args:
        log: the log.
        workspace: the workspace's id.
        url: where the workspace is.
    """

    log: ModelLog
    workspace: str
    url: str
    _made: dict[int, CloudEvent] = field(default_factory=dict)

    def event(self, seq: int) -> CloudEvent:
        """The event of an entry, which must be one that has one."""
        if seq not in self._made:
            self._made |= {event_seq: event for event_seq, event in self._events(seq) if event_seq == seq}
        return self._made[seq]

    def events(self) -> Iterable[tuple[int, CloudEvent]]:
        """All events of the log, oldest first, with the numbers of their entries."""
        return self._events(None)

    def _events(self, last: int | None) -> Iterable[tuple[int, CloudEvent]]:
        """Tell what the log said at each entry: what came later does not change an event."""
        versions: dict[int, News] = {}
        serving: dict[str, Deployed] = {}
        for entry in self.log.entries():
            seq = entry.envelope.seq
            match entry.body:
                case Register():
                    versions[entry.body.version] = news = self._registered(entry.body)
                    yield seq, self._event(entry, news)
                case Tag(version=version, set=tags, remove=removed) if version in versions:
                    kept = {name: value for name, value in versions[version].tags.items() if name not in removed}
                    versions[version] = replace(versions[version], tags={**kept, **tags})
                case Alias() if entry.body.version in versions:
                    yield seq, self._event(entry, _promoted(versions[entry.body.version], entry.body))
                case Deployed(deployment=name) if entry.body.version in versions and (event := _of_stage(entry.body)):
                    news = _deployed(event, versions[entry.body.version], entry.body, serving.get(name))
                    yield seq, self._event(entry, news)
                    if event == "model-deployed":
                        serving[name] = entry.body
                    elif event == "deployment-deleted":
                        serving.pop(name, None)
            if seq == last:
                return

    def _registered(self, body: Register) -> News:
        return News(
            event="model-registered",
            model=self.log.model,
            version=body.version,
            digest=body.digest,
            workspace=self.url,
            commit=body.commit,
            run=body.run,
            tags=body.tags,
            metrics=body.metrics,
            files=body.files,
        )

    def _event(self, entry: LogEntry, news: News) -> CloudEvent:
        identity = f"{self.workspace}/{self.log.model}/{entry.envelope.seq}"
        return event_of_news(news, id=identity, workspace=self.workspace, time=entry.envelope.time)


def _promoted(news: News, body: Alias) -> News:
    return replace(
        news,
        event="model-promoted",
        alias=body.alias,
        previous=body.expect,
        commit=body.commit or news.commit,
        verdict=body.verdict.outcome if body.verdict else None,
    )


def _deployed(event: EventName, news: News, body: Deployed, before: Deployed | None) -> News:
    """``before`` is the entry of what serves as yet."""
    gone = event == "deployment-deleted"
    instance = before.instance if gone and before else body.instance
    return replace(
        news,
        event=event,
        deployment=body.deployment,
        previous=before.version if before and not gone else None,
        target=instance.target if instance else None,
        endpoint=instance.url if instance else None,
        image=instance.image if instance else None,
        reason=body.reason,
    )


def _of_stage(body: Deployed) -> EventName | None:
    """What others hear of a stage, if they hear of it."""
    if body.stage == "serving":
        return "model-deployed"
    if body.stage == "deleted":
        return "deployment-deleted"
    return "deployment-failed" if body.stage in {"failed", "unhealthy"} else None


def newsroom_of(log: ModelLog) -> Newsroom:
    """What makes the events of a log.

    Raises:
        UsageError: its storage is no workspace.
    """
    found = read_format(log.store)
    if found is None:
        raise UsageError("there is no workspace here", where=log.store.url)
    return Newsroom(log, found.id, log.store.url)


def concerns(receiver: Receiver, entry: LogEntry) -> bool:
    """Whether a receiver wants to hear of an entry."""
    if receiver.event == "model-registered":
        return isinstance(entry.body, Register)
    if receiver.event != "model-promoted":
        return isinstance(entry.body, Deployed) and _of_stage(entry.body) == receiver.event
    return isinstance(entry.body, Alias) and entry.body.alias == receiver.alias
