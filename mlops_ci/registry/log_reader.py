"""Reads the entries of a log in order, in as few requests as the hint and the checkpoints allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, repeat
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.hint import Checkpoint, Hint
from mlops_ci.registry.checkpoints import Stretch, cover, listed, load
from mlops_ci.registry.hints import read_hint
from mlops_ci.registry.log_objects import parted
from mlops_ci.workspace.layout import log_key, log_prefix, log_sequence
from mlops_ci.workspace.store import Store

T = TypeVar("T")
R = TypeVar("R")
# Entries that end where an object does, and the number of their object; None for those of several objects.
_Run = tuple[int | None, list[bytes]]
_AT_ONCE = 16
_FEW = 4  # for fewer objects than these no threads are started


class LogReader:
    """Reads one model's log, and remembers what its writer needs for the next checkpoint and the next hint.

    ``checkpoints`` cover the log from its first entry on; ``hinted`` is the entry that the hint calls the newest, and
    ``hint`` the hint as it was found. ``newest`` is the number of the log's newest object, and ``whole`` the last entry
    of it, as far as has been read.

    An entry that is not the first of its object has no key of its own. Where objects begin is known of the first one,
    of that after any object, and of the last entry of any checkpoint: from there on they are read one after the other.
    """

    def __init__(self, store: Store, model: str) -> None:
        self.checkpoints: tuple[Checkpoint, ...] = ()
        self.hinted = 0
        self.hint: Hint | None = None
        self.newest = 0
        self.whole = 0
        self._store = store
        self._model = model

    def after(self, seq: int) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of the entries after number ``seq``, the last of an object, up to the newest.

        Raises:
            IntegrityError: an entry is missing, though later ones are known to have been written; or is damaged.
        """
        self.whole = seq
        for number, entries in self._after(seq):
            yield from self._keyed(number, entries, self.whole)
            self.whole += len(entries)
            self.newest = number or self.newest

    def until(self, newest: int) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of all entries up to one that is the last of an object."""
        seq = 0
        for number, entries in self._between(0, newest, 1):
            yield from self._keyed(number, entries, seq)
            seq += len(entries)

    def entry(self, seq: int) -> tuple[str, bytes] | None:
        """The key and bytes of one entry; None if there is none of that number."""
        if (entries := self._object(seq)) is not None:
            return self._key(seq), entries[0]
        if self.hint is None and not self.checkpoints:
            self._look_up(0)
        for one in self.checkpoints:
            if one.first <= seq < one.last and (found := load(self._store, self._model, one)):
                return self._key(seq), found.before[seq - one.first]
        for number, entries in self._objects(self._begin(seq), seq):
            if seq < number + len(entries):
                return self._key(number), entries[seq - number]
        return None

    def stretch(self, first: int, least: int) -> list[bytes]:
        """At least so many entries from ``first`` on, all of which exist; the last one begins an object."""
        last, found = first + least - 1, list[bytes]()
        for number, entries in self._between(first - 1, last, self._begin(first)):
            if number and number >= last:
                return [*found, entries[0]]
            found += entries
        following = self._object(first + len(found))
        if following is None:
            raise self._missing(first + len(found))
        return [*found, following[0]]

    def raw(self, newest: int) -> Iterator[tuple[str, list[bytes]]]:
        """Yield keys and entries of all objects up to that of a number, past all checkpoints.

        Raises:
            IntegrityError: one of them is missing, or damaged.
        """
        seq = 0
        for number, entries in self._objects(1, newest):
            yield self._key(number), entries
            seq += len(entries)
        if seq < newest:
            raise self._missing(seq + 1)

    def _after(self, seq: int) -> Iterator[_Run]:
        if seq:
            entries = self._object(seq + 1)
            if entries is None:
                return
            yield seq + 1, entries
            seq += len(entries)
        for number, entries in self._between(seq, self._look_up(seq), seq + 1):
            yield number, entries
            seq += len(entries)
        while (found := self._object(seq + 1)) is not None:
            yield seq + 1, found
            seq += len(found)

    def _look_up(self, seq: int) -> int:
        """Find out where to read from, and return the newest entry that is known of."""
        self.hint = hint = read_hint(self._store, self._model)
        if hint:
            self.checkpoints, self.hinted = cover(hint.checkpoints, hint.head), hint.head
            return hint.head
        self.hinted = 0
        if seq:
            return seq
        numbers = (log_sequence(item.key) for item in self._store.list(log_prefix(self._model)))
        newest = max((number for number in numbers if number), default=0)
        self.checkpoints = listed(self._store, self._model, newest)
        return newest

    def _between(self, seq: int, newest: int, begin: int) -> Iterator[_Run]:
        """Yield the entries after ``seq`` to the end of the object of ``newest``, from checkpoints if they serve.

        ``begin`` is the number of an object, that of entry ``seq + 1`` or one before it.
        """
        useful = [one for one in self.checkpoints if seq < one.last <= newest]
        for checkpoint, found in zip(useful, self._loaded(useful), strict=True):
            if checkpoint.last <= seq:
                continue  # the one before it has ended in the same object, or none that is named so begins there
            if found is None:
                runs = self._from_objects(begin, seq, checkpoint.last)
            else:
                before = found.before[seq + 1 - checkpoint.first :]
                runs = iter([*([(None, before)] if before else []), (checkpoint.last, found.object)])
            for number, entries in runs:
                yield number, entries
                seq += len(entries)
            begin = seq + 1
        if seq < newest:
            yield from self._from_objects(begin, seq, newest)

    def _from_objects(self, begin: int, seq: int, newest: int) -> Iterator[_Run]:
        """Yield the entries after ``seq`` of the objects from number ``begin`` to that of the entry ``newest``."""
        for number, entries in self._objects(begin, newest):
            if later := entries[max(0, seq + 1 - number) :]:
                yield number, later
                seq += len(later)
        if seq < newest:
            raise self._missing(seq + 1)

    def _objects(self, begin: int, newest: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the objects from number ``begin`` to that of the entry ``newest``; ends early where one is missing."""
        following = begin

        def numbers() -> Iterator[int]:
            # As if each held one entry: those of the next numbers are asked for while these are on their way.
            number = begin
            while number <= newest:
                yield number
                number = max(number + 1, following)

        def get(number: int) -> tuple[int, bytes | None]:
            return number, self._store.get(self._key(number))

        few = newest - begin + 1 < _FEW
        for number, data in map(get, numbers()) if few else _ahead(get, numbers()):
            if number < following:
                continue  # it is inside the object before
            if data is None:
                return
            entries = parted(data, self._key(number))
            following += len(entries)
            yield number, entries

    def _object(self, number: int) -> list[bytes] | None:
        key = self._key(number)
        data = self._store.get(key)
        return None if data is None else parted(data, key)

    def _keyed(self, number: int | None, entries: list[bytes], seq: int) -> Iterator[tuple[str, bytes]]:
        """Entries after ``seq`` with the keys of their objects; in a checkpoint each is taken to have its own."""
        numbers = count(seq + 1) if number is None else repeat(number)
        return zip(map(self._key, numbers), entries, strict=False)

    def _begin(self, seq: int) -> int:
        """The number of an object that begins at an entry, or before it, as near as is known."""
        return max((one.last for one in self.checkpoints if one.last <= seq), default=1)

    def _loaded(self, checkpoints: Sequence[Checkpoint]) -> Iterator[Stretch | None]:
        if len(checkpoints) < _FEW:
            return (load(self._store, self._model, one) for one in checkpoints)
        return _ahead(lambda one: load(self._store, self._model, one), checkpoints)

    def _missing(self, seq: int) -> IntegrityError:
        return IntegrityError(
            "an entry of the log is missing",
            where=self._key(seq),
            hint="restore it from a backup; run mlops-ci workspace check for the whole picture",
        )

    def _key(self, seq: int) -> str:
        return log_key(self._model, seq)


def _ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply a function to items by threads, some items ahead of who takes the results; in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * _AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
