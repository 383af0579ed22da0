"""Stretches of a log in single objects, so that a long log is read in few requests.

A checkpoint holds the very bytes of its entries, is never changed and can always be rebuilt. The first level covers 64
entries each, or some more: its last entry is one that begins an object of the log, which can be found by its number and
vouches for all before it. Sixteen of a level make one of the next. A reader needs the largest ones and a few of each
smaller kind, and a writer never rewrites what is long since covered more than once a level.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode_packed, encode_packed
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.hint import Checkpoint
from mlops_ci.registry.log_objects import parted
from mlops_ci.workspace.layout import checkpoint_key, checkpoint_parts, checkpoints_prefix, log_key
from mlops_ci.workspace.store import Store

INTERVAL = 64
_FAN = 16
_LEVELS = 2  # above the first
_MOST_BYTES = 1 << 30  # of a checkpoint that is unpacked

ReadEntries = Callable[[int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries of a checkpoint: those before the last one, and the object of the log that this begins."""

    before: list[bytes]
    object: list[bytes]


def covered(checkpoints: Sequence[Checkpoint]) -> int:
    """The last entry that a gapless sequence of checkpoints covers."""
    return checkpoints[-1].last if checkpoints else 0


def listed(store: Store, model: str, head: int) -> tuple[Checkpoint, ...]:
    """The fewest stored checkpoints that cover the log from its first entry on, as far as ``head``."""
    found = (checkpoint_parts(item.key) for item in store.list(checkpoints_prefix(model)))
    return cover((Checkpoint(*parts) for parts in found if parts), head)


def cover(checkpoints: Iterable[Checkpoint], head: int) -> tuple[Checkpoint, ...]:
    """The fewest of some checkpoints that cover a log from its first entry on without a gap, as far as ``head``."""
    longest: dict[int, Checkpoint] = {}
    for one in checkpoints:
        if head >= one.last >= one.first and (one.first not in longest or longest[one.first].last < one.last):
            longest[one.first] = one
    chosen: list[Checkpoint] = []
    while found := longest.get(covered(chosen) + 1):
        chosen.append(found)
    return tuple(chosen)


def load(store: Store, model: str, checkpoint: Checkpoint) -> Stretch | None:
    """The entries of a checkpoint; None if it is gone, damaged, or of another log: then the log itself has them.

    Its last entry is compared with the log, and by the chain vouches for those before it.
    """
    key, beside = checkpoint_key(model, checkpoint.first, checkpoint.last, checkpoint.digest), b""
    data = store.get(key)
    try:
        entries = None if data is None else unpack(data, checkpoint, key)
        if entries:
            beside = store.get(log_key(model, checkpoint.last)) or b""
        last = parted(beside, key)
    except IntegrityError:
        return None
    return Stretch(entries[:-1], last) if entries and entries[-1] == last[0] else None


def unpack(data: bytes, checkpoint: Checkpoint, where: str) -> list[bytes]:
    """The entries in the bytes of a checkpoint.

    Raises:
        IntegrityError: these are not the bytes that its name promises.
    """
    if digest_of_bytes(data) != checkpoint.digest:
        raise IntegrityError("a checkpoint has other bytes than its name says", where=where, hint=_HINT)
    try:
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(data, _MOST_BYTES)
        if not unpacking.eof:
            raise zlib.error("it is cut off, or larger than any checkpoint")
        entries = decode_packed(unpacked, list[bytes], where=where)
    except zlib.error as error:
        raise IntegrityError(f"a checkpoint cannot be unpacked: {error}", where=where, hint=_HINT) from error
    if len(entries) != checkpoint.last - checkpoint.first + 1:
        raise IntegrityError("a checkpoint has another number of entries than its name says", where=where, hint=_HINT)
    return entries


def advance(
    store: Store, model: str, checkpoints: tuple[Checkpoint, ...], newest: int, read: ReadEntries
) -> tuple[Checkpoint, ...]:
    """Write the checkpoints that a log has come to need, and return those that cover it now.

    Args:
        store: the workspace.
        model: the model.
        checkpoints: those that cover the log so far.
        newest: the number of the log's newest object.
        read: returns the bytes of at least so many entries from a number on, the last of which begins an object.
    """
    while newest - covered(checkpoints) >= INTERVAL:
        first = covered(checkpoints) + 1
        checkpoints = (*checkpoints, _write(store, model, first, read(first, INTERVAL)))
        while count := _mergeable(checkpoints):
            kept, merged = checkpoints[:-count], checkpoints[-count:]
            first, length = merged[0].first, merged[-1].last - merged[0].first + 1
            checkpoints = (*kept, _write(store, model, first, read(first, length)))
    return checkpoints


def _mergeable(checkpoints: tuple[Checkpoint, ...]) -> int:
    """How many of the newest are to become one."""
    levels = [_level(one) for one in reversed(checkpoints)]
    if smaller := sum(1 for _ in takewhile(lambda level: level < levels[0], levels[1:])):
        return 1 + smaller  # those before a large group
    # Larger ones would save few requests, and be large objects to hold and to send.
    return _FAN if levels[0] < _LEVELS and levels[:_FAN] == [levels[0]] * _FAN else 0


def _level(checkpoint: Checkpoint) -> int:
    size, level = checkpoint.last - checkpoint.first + 1, 0
    while level < _LEVELS and size >= INTERVAL * _FAN ** (level + 1):
        level += 1
    return level


def _write(store: Store, model: str, first: int, entries: Sequence[bytes]) -> Checkpoint:
    data = zlib.compress(encode_packed(entries))
    checkpoint = Checkpoint(first, first + len(entries) - 1, digest_of_bytes(data))
    # Not trusting what is there under this name, were it damaged: it can be replaced because it is what it is named.
    store.put(checkpoint_key(model, first, checkpoint.last, checkpoint.digest), data)
    return checkpoint


_HINT = "it can be deleted: the log itself has the entries"
