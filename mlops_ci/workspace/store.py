"""The Protocol of a workspace's storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_ci.errors import ConflictError

Watch = Callable[[str, int, int], None]
"""Is told of every streamed transfer while it goes on: key, bytes moved so far, bytes in all."""


def unwatched(key: str, moved: int, total: int) -> None:
    """Tells nobody."""


class LostRaceError(ConflictError):
    """Somebody else created a key that ``create`` had reported as ours inside :meth:`Store.together`."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing shows it: its key, size in bytes, and time of its last write (epoch seconds)."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True, slots=True)
class Written:
    """What a streamed transfer moved: digest and size of the bytes."""

    digest: str
    size: int


class Store(Protocol):
    """Keys are relative POSIX paths. Everything rests on ``create``; there is no compare-and-swap.

    Every method raises :class:`~mlops_ci.errors.RemoteError` when the storage fails; after a failed
    ``create`` the object may or may not exist, and only reading it back tells. The same goes for a ``create``
    that returned False: its first try may have had its effect before the reply got lost and it was tried again.
    """

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Create an object durably if the key is free; return whether this call created it.

        Exactly one of any number of racing callers gets True, and its bytes are what everybody reads.
        """
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there. For what can be rebuilt: durability is not promised."""
        ...

    def upload(self, key: str, source: Path) -> Written:
        """Create an object durably from a file, in bounded memory; what exists already stays as it is.

        The digest is that of the bytes that were really sent. Of uploads of one key that race, one whole object stays.
        """
        ...

    def download(self, key: str, target: Path) -> Written | None:
        """Write an object to a file that must not exist; None, and no file, where there is no object."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose key starts with ``prefix`` (ending in ``/``, or empty), sorted by key."""
        ...

    def folders(self, prefix: str) -> Sequence[str]:
        """The names of the folders of keys directly below ``prefix``, sorted; maybe some that are empty by now."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; deleting what is not there is no error."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Writes inside become visible to others, and durable, at the end: all at once where the storage can.

        Where it can (git, where a write is a push), reads inside see the state at the beginning and one's own writes.
        Where it cannot, each write is done when its method returns, as outside, but for uploads: those may wait for the
        next ``create`` or the end, and what has not been waited for is dropped if an exception ends it. May be nested;
        the outermost counts. Entered by one thread at a time; others may write meanwhile.

        Raises:
            LostRaceError: on leaving; somebody else took a key meanwhile, and nothing was written: do it all again.
        """
        ...

    def sweep(self, before: float) -> int:
        """Remove the remains of writes that were cut off before a time (epoch seconds); return how many.

        Only what no key leads to. 0 where the storage has no such remains, or does not show them.
        """
        ...
