"""Stretches of a log in single objects, so that a long log is read in few requests.

A checkpoint holds the very bytes of its entries, is never changed and can always be rebuilt. The first level covers 64
entries each; sixteen of a level make one of the next. A reader needs the largest ones and a few of each smaller kind,
and a writer never rewrites what is long since covered more than once a level.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode_packed, encode_packed
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.hint import Checkpoint
from mlops_ci.workspace.layout import checkpoint_key, checkpoint_parts, checkpoints_prefix, log_key
from mlops_ci.workspace.store import Store

INTERVAL = 64
_FAN = 16
_LEVELS = 2  # above the first
_MOST_BYTES = 1 << 30  # of a checkpoint that is unpacked

ReadEntries = Callable[[int, int], Sequence[bytes]]


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


def load(store: Store, model: str, checkpoint: Checkpoint) -> list[bytes] | None:
    """The entries of a checkpoint; None if it is gone, damaged, or of another log: then the log itself has them.

    Its last entry is compared with the log, and by the chain vouches for those before it.
    """
    key = checkpoint_key(model, checkpoint.first, checkpoint.last, checkpoint.digest)
    data = store.get(key)
    try:
        entries = None if data is None else unpack(data, checkpoint, key)
    except IntegrityError:
        return None
    return entries if entries and entries[-1] == store.get(log_key(model, checkpoint.last)) else None


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
    store: Store, model: str, checkpoints: tuple[Checkpoint, ...], head: int, read: ReadEntries
) -> tuple[Checkpoint, ...]:
    """Write the checkpoints that a log has come to need, and return those that cover it now.

    Args:
        store: the workspace.
        model: the model.
        checkpoints: those that cover the log so far.
        head: the log's newest entry.
        read: returns the bytes of the entries from one number to another.
    """
    while head - covered(checkpoints) >= INTERVAL:
        first = covered(checkpoints) + 1
        checkpoints = (*checkpoints, _write(store, model, first, read(first, first + INTERVAL - 1)))
        while (merged := _mergeable(checkpoints)) is not None:
            first, last = merged[0].first, merged[-1].last
            kept = checkpoints[: -len(merged)]
            checkpoints = (*kept, _write(store, model, first, read(first, last)))
    return checkpoints


def _mergeable(checkpoints: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...] | None:
    newest = checkpoints[-_FAN:]
    sizes = {one.last - one.first + 1 for one in newest}
    # Larger ones would save few requests, and be large objects to hold and to send.
    grows = len(newest) == _FAN and len(sizes) == 1 and max(sizes) < INTERVAL * _FAN**_LEVELS
    return newest if grows else None


def _write(store: Store, model: str, first: int, entries: Sequence[bytes]) -> Checkpoint:
    data = zlib.compress(encode_packed(entries))
    checkpoint = Checkpoint(first, first + len(entries) - 1, digest_of_bytes(data))
    # Not trusting what is there under this name, were it damaged: it can be replaced because it is what it is named.
    store.put(checkpoint_key(model, first, checkpoint.last, checkpoint.digest), data)
    return checkpoint


_HINT = "it can be deleted: the log itself has the entries"
