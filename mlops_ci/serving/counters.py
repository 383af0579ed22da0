"""What the workers count, in memory that they share: any of them can answer for all.

Each worker has a region of the file, and is the only one to write there, so that nothing has to be locked. A worker
that takes the place of a dead one goes on with its region: a counter never falls.
"""

from __future__ import annotations

import mmap
import os
from bisect import bisect_left
from collections.abc import Sequence

from mlops_ci.serving.contracts import Counted

ROUTES = ("score", "infer", "models", "documents", "health", "metrics", "other")
STATUSES = (200, 400, 401, 404, 405, 413, 415, 431, 500, 503, 504, 0)  # 0: any other
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)
COUNTED: tuple[Counted, ...] = ("collected", "dropped", "shipped", "lost")
PID, READY, IN_FLIGHT, WAITING = range(4)
_REQUESTS = 4 + len(COUNTED)
_CELL = 8
_STATUS = {status: index for index, status in enumerate(STATUSES)}


class Layout:
    """Where what is counted in a region."""

    def __init__(self, models: Sequence[str]) -> None:
        self.models = (*models, "")  # the last stands for requests that are for no model
        self._index = {name: index for index, name in enumerate(self.models)}
        self._seconds = _REQUESTS + len(self.models) * len(ROUTES) * len(STATUSES)
        self._rows = self._seconds + len(self.models) * (len(SECONDS) + 2)
        self.cells = self._rows + len(self.models) * (len(ROWS) + 2)

    def known(self, model: str) -> str:
        """The name of a model; empty for a name that none has."""
        return model if model in self._index else ""

    def requests(self, model: str, route: str) -> int:
        """The first of the cells of a model and route, one a status."""
        return _REQUESTS + (self._index[model] * len(ROUTES) + ROUTES.index(route)) * len(STATUSES)

    def seconds(self, model: str) -> int:
        """The first cell of the times of a model: one a bucket, one for what is beyond them all, the sum."""
        return self._seconds + self._index[model] * (len(SECONDS) + 2)

    def rows(self, model: str) -> int:
        """The first cell of the sizes of a model's batches, in the same way."""
        return self._rows + self._index[model] * (len(ROWS) + 2)


class Counters:
    """The counters of all workers; a worker writes into its own."""

    def __init__(self, layout: Layout, file: int, workers: int, worker: int = 0) -> None:
        """Open them.

        Args:
            layout: where what is.
            file: the descriptor of a file that all have open; it is made as large as needed.
            workers: how many regions there are.
            worker: whose region is written.
        """
        self.layout = layout
        self._size = layout.cells * _CELL
        os.ftruncate(file, self._size * workers)
        self._map = mmap.mmap(file, self._size * workers)
        self._cells: memoryview[float] = memoryview(self._map).cast("d")
        self._workers = workers
        self._base = worker * layout.cells
        self._at: dict[tuple[str, str], tuple[int, int]] = {}
        self._rows_at = {model: self._base + layout.rows(model) for model in layout.models}

    def start(self, pid: int) -> None:
        """Begin, where a worker may have died: what is measured at the moment is nothing."""
        for cell in (READY, IN_FLIGHT, WAITING):
            self._cells[self._base + cell] = 0
        self._cells[self._base + PID] = pid

    def set(self, cell: int, value: float) -> None:
        """Say how something is at the moment."""
        self._cells[self._base + cell] = value

    def add(self, cell: int, value: float) -> None:
        """Add to a cell."""
        self._cells[self._base + cell] += value

    def collected(self, what: Counted, number: int = 1) -> None:
        """Count for the collector."""
        self._cells[self._base + 4 + COUNTED.index(what)] += number

    def request(self, model: str, route: str, status: int, seconds: float | None) -> None:
        """Count a request; with its time if it was one to a model."""
        at, first = self._at.get((model, route)) or self._place(model, route)
        cells = self._cells
        cells[at + _STATUS.get(status, len(STATUSES) - 1)] += 1
        if seconds is not None:
            cells[first + bisect_left(SECONDS, seconds)] += 1
            cells[first + len(SECONDS) + 1] += seconds

    def _place(self, model: str, route: str) -> tuple[int, int]:
        """The cells of a model and route, and those of the model's times."""
        model = self.layout.known(model)  # callers name what they like, and each name would be kept
        place = self._base + self.layout.requests(model, route), self._base + self.layout.seconds(model)
        self._at[model, route] = place
        return place

    def computed(self, model: str, rows: int) -> None:
        """Count a call of a model."""
        first = self._rows_at[model]
        self._cells[first + bisect_left(ROWS, rows)] += 1
        self._cells[first + len(ROWS) + 1] += rows

    def regions(self) -> list[list[float]]:
        """The cells of each worker."""
        size = self.layout.cells
        return [list(self._cells[worker * size : (worker + 1) * size]) for worker in range(self._workers)]
