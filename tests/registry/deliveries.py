"""A receiver of events, and the workers that deliver to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mlops_ci.errors import RemoteError
from mlops_ci.records.entry import Alias
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.outbox import Event, Outbox, Sink
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.state import LogEntry
from mlops_ci.workspace.store import Store
from tests.registry.making import open_log


class DiedError(Exception):
    """The worker is gone."""


@dataclass
class Time:
    """A clock that somebody sets."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


def everything(entry: LogEntry) -> bool:
    return True


def aliases(entry: LogEntry) -> bool:
    return isinstance(entry.body, Alias)


@dataclass
class Receiver:
    """Remembers what arrived, and can be made to fail, to die, or to do something else before or after it arrives."""

    name: str = "sink"
    wants: Callable[[LogEntry], bool] = everything
    arrived: list[str] = field(default_factory=list)
    aliased: list[int] = field(default_factory=list)
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    tells: bool = False

    def _send(self, event: Event) -> str:
        before, self.before = self.before, None
        if before:
            before()
        self.arrived.append(event.id)
        if isinstance(event.entry.body, Alias):
            self.aliased.append(event.entry.body.version)
        after, self.after = self.after, None
        if after:
            after()
        return "receipt"

    def _delivered(self, event: Event) -> str | None:
        return "receipt" if self.tells and event.id in self.arrived else None

    def outbox(self, store: Store, time: Time, log: ModelLog | None = None) -> Outbox:
        return Outbox(log or open_log(store), "ws", self.sink(), clock=time)

    def sink(self) -> Sink:
        return Sink(self.name, self.wants, self._send, self._delivered)

    @property
    def numbers(self) -> list[int]:
        """The entries that arrived."""
        return [int(event.rpartition("/")[2]) for event in self.arrived]


def die() -> None:
    raise DiedError


def fail() -> None:
    raise RemoteError("503 service unavailable")


def point(store: Store, version: int) -> None:
    move_alias(open_log(store), "champion", version, rollback=True, reason=None)
