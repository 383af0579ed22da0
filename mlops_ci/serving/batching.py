"""When a model computes, and for whom at once.

A model that is idle computes a request at once. Only requests that come while it computes wait, and are then computed
together: with one request at a time nothing is ever slower for it. What takes less time than to hand it to a thread
and back is computed in the event loop itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from mlops_ci.records.serving import ServeSettings
from mlops_ci.serving.contracts import RequestError, TensorModel, Tensors

# Seconds that the event loop may be kept from other requests; JSON of the same rows takes it about as long.
IN_LOOP = 0.001
_FORGETTING = 0.1
_DOUBT = 50  # calls, after which one that was slow is as good as forgotten
_WARM = 3  # calls, of which the quickest counts


class Room:
    """How many requests may wait in this worker, for all models together."""

    def __init__(self, places: int, changed: Callable[[int], None]) -> None:
        self._places = places
        self._taken = 0
        self._changed = changed

    def enter(self) -> None:
        """Take a place.

        Raises:
            RequestError: there is none.
        """
        if self._taken >= self._places:
            raise RequestError(503, "too many requests are waiting; try again later", ((b"retry-after", b"1"),))
        self._taken += 1
        self._changed(self._taken)

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._changed(self._taken)


class _Waiting:
    """A request that waits for its model, or is being computed."""

    __slots__ = ("future", "rows", "since", "tensors")

    def __init__(self, tensors: Tensors, rows: int, future: asyncio.Future[Tensors], since: float) -> None:
        self.tensors = tensors
        self.rows = rows
        self.future = future
        self.since = since

    def shape(self) -> list[tuple[int, ...]]:
        return [array.shape[1:] for array in self.tensors.values()]


class Lane:
    """The requests of one model."""

    def __init__(
        self, model: TensorModel, room: Room, settings: ServeSettings, computed: Callable[[int], None]
    ) -> None:
        self.model = model
        self._room = room
        self._batch_rows = settings.batch_rows
        self._batch_wait = settings.batch_wait
        self._timeout = settings.timeout
        self._computed = computed
        self._waiting: deque[_Waiting] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=model.model.name)
        self._seconds: dict[int, float] = {}  # of a call, by the bits of its number of rows
        # Where one thread of the processor computes, what others take from it does not count: a busy machine would
        # have each model taken for a slow one. Elsewhere the thread waits for what computes.
        alone = settings.threads == 1 and settings.providers == ("cpu",)
        self._clock = time.thread_time if alone else time.perf_counter
        self._doubted = 0  # calls that are to be measured by it

    def warm_up(self, tensors: Tensors) -> None:
        """Compute a row, and many like it: the first call is slow, and the times tell what fits into the loop."""
        rows = 1
        while rows <= self._batch_rows:
            repeated = {name: np.repeat(array[:1], rows, axis=0) for name, array in tensors.items()}
            self._seconds[rows.bit_length()] = min(self._timed(repeated) for _ in range(_WARM))
            if self._seconds[rows.bit_length()] > IN_LOOP:
                return
            rows *= 2

    def _timed(self, tensors: Tensors) -> float:
        began = self._clock()
        self.model.predict(tensors)
        return self._clock() - began

    def at_once(self, tensors: Tensors, rows: int) -> Tensors | None:
        """Compute a request now, if the model is idle and it takes next to no time."""
        bits = rows.bit_length()
        if self._busy or self._seconds.get(bits, 1.0) > IN_LOOP:
            return None
        # The clock on the wall is read without a call of the kernel, and what a thread computes takes no longer than it
        # says. Only after a call that was too slow by it are some measured by the clock that is right.
        clock = self._clock if self._doubted else time.perf_counter
        began = clock()
        answer = self.model.predict(tensors)
        seconds = clock() - began
        if self._doubted:
            self._doubted -= 1
            self._learn(bits, seconds)
        elif seconds > IN_LOOP:
            self._doubted = _DOUBT
        else:
            self._learn(bits, seconds)
        self._computed(rows)
        return answer

    async def compute(self, tensors: Tensors, rows: int) -> Tensors:
        """Compute a request when it is its turn.

        Raises:
            RequestError: too many are waiting (503), or it took too long (504).
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(tensors, rows, loop.create_future(), loop.time())
        self._room.enter()
        self._waiting.append(waiting)
        if not self._busy:
            self._begin()
        timer = loop.call_later(self._timeout, _expire, waiting.future)
        try:
            return await waiting.future
        finally:
            timer.cancel()

    def _begin(self) -> None:
        """Compute what waits next, if anything does."""
        batch = self._next_batch()
        if not batch:
            return
        self._busy = True
        loop = asyncio.get_running_loop()
        if self._seconds.get(sum(waiting.rows for waiting in batch).bit_length(), 1.0) <= IN_LOOP:
            # Else what was once handed to the thread would keep others there for as long as requests come.
            self._finish(batch, self._predict(batch))
        else:
            loop.run_in_executor(self._thread, self._predict, batch).add_done_callback(
                lambda done: self._finish(batch, done.result())
            )

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        rows = 0
        while self._waiting:
            first = self._waiting[0]
            if not first.future.done():
                if batch and (rows + first.rows > self._batch_rows or first.shape() != batch[0].shape()):
                    break
                batch.append(first)
                rows += first.rows
            self._waiting.popleft()
            self._room.leave()
        return batch

    def _predict(self, batch: list[_Waiting]) -> list[Tensors | Exception]:
        """The answer of each request. One that makes the model fail does not take others with it."""
        began = self._clock()
        rows = sum(waiting.rows for waiting in batch)
        if len(batch) == 1:
            answers: list[Tensors | Exception] = [self._alone(batch[0])]
        else:
            names = batch[0].tensors
            try:
                together = {name: np.concatenate([waiting.tensors[name] for waiting in batch]) for name in names}
                answers = list(_parts(self.model.predict(together), [waiting.rows for waiting in batch]))
            except Exception:
                return [self._alone(waiting) for waiting in batch]
        self._learn(rows.bit_length(), self._clock() - began)
        return answers

    def _alone(self, waiting: _Waiting) -> Tensors | Exception:
        try:
            return self.model.predict(waiting.tensors)
        except Exception as error:  # it is the request's, and raised where that is answered
            return error

    def _finish(self, batch: list[_Waiting], answers: list[Tensors | Exception]) -> None:
        self._busy = False
        self._computed(sum(waiting.rows for waiting in batch))
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.future.done():
                continue
            if isinstance(answer, Exception):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Compute the next batch, or give those who wait for it a little time to become more."""
        if self._busy or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        due = self._waiting[0].since + self._batch_wait
        if due > loop.time() and sum(waiting.rows for waiting in self._waiting) < self._batch_rows:
            loop.call_at(due, self._go_on)
        else:
            self._begin()

    def _learn(self, bits: int, seconds: float) -> None:
        known = self._seconds.get(bits, seconds)
        self._seconds[bits] = known + _FORGETTING * (seconds - known)

    def close(self) -> None:
        """Let the thread go, without waiting for what it computes."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _parts(tensors: Tensors, rows: list[int]) -> list[dict[str, np.ndarray[Any, Any]]]:
    """The answers of single requests in that of a batch."""
    if any(len(array) != sum(rows) for array in tensors.values()):
        raise ValueError("the model answered another number of rows")
    ends = np.cumsum(rows).tolist()
    return [
        {name: array[end - count : end] for name, array in tensors.items()}
        for count, end in zip(rows, ends, strict=True)
    ]


def _expire(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(RequestError(504, "the model did not answer in time"))
