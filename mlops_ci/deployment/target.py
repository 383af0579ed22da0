"""The Protocol of a place where model versions are served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from mlops_ci.records.deployment import Instance, TargetKind

Condition = Literal["starting", "running", "stopped", "gone"]


@dataclass(frozen=True, slots=True)
class Order:
    """A version to start, as every target understands it.

    ``name`` is the deployment's, ``unique`` tells this start from every other of it. ``image`` is a reference with
    digest; a process has the ``package``, and the ``python`` that serves it, instead. ``environ`` are variables of the
    server, of which those in ``secrets`` are shown to nobody.
    """

    name: str
    unique: str
    model: str
    version: int
    commit: str | None = None
    image: str | None = None
    package: Path | None = None
    python: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """How an instance is, and what the target says of it (such as: cannot pull the image)."""

    condition: Condition
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance answered to a request."""

    status: int
    body: bytes


class Target(Protocol):
    """A place where versions run. One instance serves at a time; others stand beside it, before and after.

    All methods raise :class:`~mlops_ci.errors.RemoteError` where the place cannot be reached or refuses, and may be
    called again after that: starting the same order twice is one instance, switching to what serves changes nothing,
    deleting or retiring what is gone is no error. An instance that is gone cannot be switched to. What was started can
    be found by model, deployment and ``unique``, though whoever started it died before it knew.
    """

    @property
    def kind(self) -> TargetKind:
        """What kind of place."""
        ...

    def start(self, order: Order) -> Instance:
        """Start an instance beside what serves; it takes no traffic, and need not be ready."""
        ...

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        """All instances of a deployment of a model, by ``unique``, whatever their condition."""
        ...

    def status(self, instance: Instance) -> Status:
        """How it is."""
        ...

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask one instance itself, whether it serves or not.

        Raises:
            RemoteError: it does not answer (yet).
        """
        ...

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:
        """Let clients reach this instance instead of the previous one; returns it with its address.

        Raises:
            RemoteError: it is gone, so that clients stay where they are.
        """
        ...

    def retire(self, instance: Instance) -> None:
        """Take an instance out of service, kept so that it can come back quickly."""
        ...

    def revive(self, instance: Instance) -> Instance:
        """Start a retired instance again, beside what serves."""
        ...

    def delete(self, instance: Instance) -> None:
        """Remove an instance and all that belongs to it alone."""
        ...

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        """The lines that it has written; ``follow`` goes on until it ends."""
        ...


@runtime_checkable
class Debuggable(Protocol):
    """A place of this machine, which can show a version that does not serve."""

    def debugging(self, order: Order) -> AbstractContextManager[Instance]:
        """An instance with its address, and talkative; it takes nobody's place and is gone afterwards."""
        ...
