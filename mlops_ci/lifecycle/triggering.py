"""Tells others that a model was registered, promoted or deployed: whatever is due, to all whom ``mlops.yaml`` names."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.hosts.github.api import API
from mlops_ci.hosts.select import found
from mlops_ci.lifecycle.news import Newsroom, concerns, newsroom_of
from mlops_ci.lifecycle.session import Session
from mlops_ci.project.project import Project
from mlops_ci.project.receivers import AZURE_TOKEN, GITHUB_TOKEN, Receiver
from mlops_ci.records.event import CloudEvent, EventName
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.outbox import Event, Outbox, Sink
from mlops_ci.registry.state import LogEntry
from mlops_ci.triggers.azure import CLOUD
from mlops_ci.triggers.call import Means
from mlops_ci.triggers.kinds import kind_of
from mlops_ci.triggers.rehearsal import Shown, rehearse
from mlops_ci.triggers.sending import Sender

_DEPLOYMENTS: dict[EventName, str] = {
    "deployment-failed": "a deployment that failed",
    "deployment-deleted": "a deployment that was deleted",
}
_AZURE_URL = "MLOPS_CI_AZURE_DEVOPS_URL"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the events for one receiver: their ids, and what held up the rest."""

    sink: str
    sent: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    held_up: Literal["claimed by another", "failed"] | None = None
    error: MlopsError | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The requests that a receiver would get for an event, or why none can be made."""

    sink: str
    event: str
    requests: tuple[Shown, ...] = ()
    error: MlopsError | None = None


class Triggering:
    """The receivers of a project and the log of its model.

    Args:
        project: names the receivers.
        log: opens the log of the project's model.
        environ: the environment variables, which hold the credentials.
        clock: tells the time.
        sleep: waits between attempts to reach a receiver.
    """

    def __init__(
        self,
        project: Project,
        log: Callable[[], ModelLog],
        environ: Mapping[str, str],
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.receivers = project.triggers
        self._model = project.model.name
        self._log = log
        self._environ = environ
        self._clock = clock
        self._sleep = sleep

    def receiver(self, name: str) -> Receiver:
        """The receiver of that name.

        Raises:
            UsageError: there is none.
        """
        for receiver in self.receivers:
            if receiver.name == name:
                return receiver
        names = ", ".join(receiver.name for receiver in self.receivers)
        raise UsageError(f"no trigger {name!r}", hint=f"there are: {names}" if names else "add triggers to mlops.yaml")

    def listen(self) -> None:
        """Let receivers that are new hear of everything from now on. What was before is history to them."""
        if not self.receivers:
            return
        newsroom = self.newsroom()
        for receiver in self.receivers:
            self._outbox(receiver, newsroom).start()

    def deliver(self, only: str | None = None) -> tuple[Told, ...]:
        """Deliver what is due; no receiver's failure keeps the others from hearing.

        Args:
            only: the name of the one receiver to tell.
        """
        chosen = [self.receiver(only)] if only else self.receivers
        return tuple(self._deliver_to(receiver) for receiver in chosen)

    def due(self, only: str | None = None) -> Iterator[Rehearsed]:
        """The requests of what is due, none of which is sent or claimed."""
        newsroom = self.newsroom()
        for receiver in [self.receiver(only)] if only else self.receivers:
            for entry in self._outbox(receiver, newsroom).due():
                yield self._rehearse(receiver, newsroom.event(entry.envelope.seq))

    def rehearse(self, version: int, event: EventName, only: str | None = None) -> Iterator[Rehearsed]:
        """The requests of the newest event about a version, whether it was delivered or not.

        Raises:
            UsageError: nothing like that has happened to the version.
        """
        newsroom = self.newsroom()
        happened = [made for _, made in newsroom.events() if (made.data.version, made.data.event) == (version, event)]
        if not happened:
            past = _DEPLOYMENTS.get(event, event.removeprefix("model-"))
            raise UsageError(f"v{version} was never {past}", where=self._model, hint="see mlops-ci events list")
        for receiver in [self.receiver(only)] if only else self.receivers:
            heard = [one for one in happened if event != "model-promoted" or one.data.alias == receiver.alias]
            if receiver.event == event and heard:
                yield self._rehearse(receiver, heard[-1])

    def test(self, name: str) -> tuple[str, str | None]:
        """Send a receiver an event that says it is a test, and return its id and the receipt, if there is one.

        Raises:
            MlopsError: as sending an event does.
        """
        receiver, newsroom = self.receiver(name), self.newsroom()
        newest = [made for _, made in newsroom.events()][-1:]
        if not newest:
            raise UsageError("there is no version yet to make a test of", where=self._model)
        # Version 0 is none: who takes the test for the real thing finds nothing to act on.
        news = replace(newest[0].data, event=receiver.event, version=0, test=True)
        promoted = receiver.event == "model-promoted"
        news = replace(news, alias=receiver.alias if promoted else None, previous=None, verdict=None)
        event = replace(
            newest[0],
            id=f"test-{uuid.uuid4().hex}",
            type=f"{newest[0].type.partition('.')[0]}.{receiver.event}",
            subject=f"models/{self._model}:0",
            time=timestamp(self._clock()),
            data=news,
        )
        return event.id, self._send(receiver, event)

    def newsroom(self) -> Newsroom:
        """What makes the events of the log."""
        return newsroom_of(self._log())

    def _deliver_to(self, receiver: Receiver) -> Told:
        try:
            done = self._outbox(receiver, self.newsroom()).deliver()
        except MlopsError as error:
            return Told(receiver.name, held_up="failed", error=error)
        return Told(receiver.name, done.sent, done.superseded, done.held_up, done.error)

    def _outbox(self, receiver: Receiver, newsroom: Newsroom) -> Outbox:
        def send(event: Event) -> str | None:
            return self._send(receiver, newsroom.event(event.entry.envelope.seq))

        def delivered(event: Event) -> str | None:
            return self._ask(receiver, newsroom.event(event.entry.envelope.seq))

        def wants(entry: LogEntry) -> bool:
            return concerns(receiver, entry)

        sink = Sink(receiver.name, wants, send, delivered)
        return Outbox(self._log(), newsroom.workspace, sink, clock=self._clock)

    def _send(self, receiver: Receiver, event: CloudEvent) -> str | None:
        means = self._means(receiver)
        sender = Sender(receiver, means.secret, sleep=self._sleep)
        return sender.carry_out(kind_of(receiver).tell(event, receiver.to, means))

    def _ask(self, receiver: Receiver, event: CloudEvent) -> str | None:
        ask = kind_of(receiver).ask
        if ask is None:
            return None
        means = self._means(receiver)
        return Sender(receiver, means.secret, sleep=self._sleep).carry_out(ask(event, receiver.to, means))

    def _rehearse(self, receiver: Receiver, event: CloudEvent) -> Rehearsed:
        try:
            requests = rehearse(kind_of(receiver).tell(event, receiver.to, self._means(receiver)))
        except MlopsError as error:
            told = type(error)(error.what, where=f"trigger {receiver.name}", hint=error.hint)
            return Rehearsed(receiver.name, event.id, error=told)
        return Rehearsed(receiver.name, event.id, requests)

    def _means(self, receiver: Receiver) -> Means:
        variable = receiver.to.variable
        secret = self._environ.get(variable, "").strip() or self._handed_on(variable)
        where = f"trigger {receiver.name}"
        if not secret:
            hint = "give the job this secret as a variable of its environment"
            raise UsageError(f"the variable {variable} is not set", where=where, hint=hint)
        if not (secret.isascii() and secret.isprintable()):
            raise UsageError(f"the variable {variable} has characters that no secret has", where=where)
        return Means(
            secret=secret,
            now=int(self._clock().timestamp()),
            github=self._environ.get("GITHUB_API_URL") or API,
            azure=self._environ.get(_AZURE_URL) or _azure_of(self._environ.get("SYSTEM_COLLECTIONURI", "")),
        )

    def _handed_on(self, variable: str) -> str:
        """The job's own token under our name for it, by which actions hand it on; empty for any other secret."""
        own = {"github": GITHUB_TOKEN, "azure": AZURE_TOKEN}.get(found(self._environ) or "")
        return self._environ.get("MLOPS_CI_TOKEN", "").strip() if variable == own else ""


def _azure_of(collection: str) -> str:
    """The server that a job's collection lies on: its token is for no other."""
    parent = collection.rstrip("/").rpartition("/")[0]
    # https://organisation.visualstudio.com is the cloud's, too, and has nothing above it.
    return parent if parent.count("/") > 1 and not parent.endswith("/") else CLOUD


def triggering_of(session: Session) -> Triggering:
    """The receivers of the project that a session has open."""
    return Triggering(session.project, session.log, session.environ, session.clock)


def first_failure(told: tuple[Told, ...]) -> MlopsError | None:
    """The error that decides the exit code, if any."""
    failures = [one.error for one in told if one.error]
    return failures[0] if failures else None
