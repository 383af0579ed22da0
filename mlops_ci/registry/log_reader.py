"""Reads the entries of a log in order, in as few requests as the hint and the checkpoints allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.hint import Checkpoint, Hint
from mlops_ci.registry.checkpoints import cover, covered, listed, load
from mlops_ci.registry.hints import read_hint
from mlops_ci.workspace.layout import log_key, log_prefix, log_sequence
from mlops_ci.workspace.store import Store

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 16
_FEW = 4  # for fewer objects than these no threads are started


class LogReader:
    """Reads one model's log, and remembers what its writer needs for the next checkpoint and the next hint.

    ``checkpoints`` cover the log from its first entry on; ``hinted`` is the entry that the hint calls the newest, and
    ``hint`` the hint as it was found.
    """

    def __init__(self, store: Store, model: str) -> None:
        self.checkpoints: tuple[Checkpoint, ...] = ()
        self.hinted = 0
        self.hint: Hint | None = None
        self._store = store
        self._model = model

    def after(self, seq: int) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of the entries after number ``seq``, up to the newest.

        Raises:
            IntegrityError: an entry is missing, though later ones are known to have been written.
        """
        if seq:
            data = self._store.get(self._key(seq + 1))
            if data is None:
                return
            yield self._key(seq + 1), data
            seq += 1
        known = self._look_up(seq)
        for key, data in self.known(seq, known):
            yield key, data
            seq += 1
        while (data := self._store.get(self._key(seq + 1))) is not None:
            yield self._key(seq + 1), data
            seq += 1

    def between(self, first: int, last: int) -> list[bytes]:
        """The bytes of the entries ``first`` to ``last``, all of which exist."""
        return [data for _, data in islice(self.known(first - 1, last), last - first + 1)]

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

    def known(self, seq: int, newest: int) -> Iterator[tuple[str, bytes]]:
        """Yield the entries after ``seq`` up to ``newest``, from checkpoints as far as they go."""
        useful = [one for one in self.checkpoints if one.last > seq and one.last <= newest]
        for checkpoint, entries in zip(useful, self._loaded(useful), strict=True):
            wanted = range(max(seq + 1, checkpoint.first), checkpoint.last + 1)
            if entries is None:
                yield from self.raw(wanted)
            else:
                yield from ((self._key(number), entries[number - checkpoint.first]) for number in wanted)
        yield from self.raw(range(max(seq, covered(useful)) + 1, newest + 1))

    def raw(self, numbers: Sequence[int]) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of entries from the log itself, past all checkpoints.

        Raises:
            IntegrityError: one of them is missing.
        """
        for number, data in zip(numbers, self._got(numbers), strict=True):
            key = self._key(number)
            if data is None:
                raise IntegrityError(
                    "an entry of the log is missing",
                    where=key,
                    hint="restore it from a backup; run mlops-ci workspace check for the whole picture",
                )
            yield key, data

    def _got(self, numbers: Sequence[int]) -> Iterator[bytes | None]:
        # Neither a list nor a count of them all: whoever can write a name can make the log look as long as they like.
        keys = map(self._key, numbers)
        return map(self._store.get, keys) if len(numbers[:_FEW]) < _FEW else _ahead(self._store.get, keys)

    def _loaded(self, checkpoints: Sequence[Checkpoint]) -> Iterator[list[bytes] | None]:
        if len(checkpoints) < _FEW:
            return (load(self._store, self._model, one) for one in checkpoints)
        return _ahead(lambda one: load(self._store, self._model, one), checkpoints)

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
