"""How long a call takes."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.table import Table

BATCHES = (1, 100, 10_000)
SECONDS_A_CALL = 0.4
MOST_CALLS = 200
FEWEST_CALLS = 3


def median_time(call: Callable[[], Any]) -> float:
    """The median time of calls in a row, in seconds, after one to warm up; a slow call is made three times."""
    call()
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < FEWEST_CALLS or (time.perf_counter() - began < SECONDS_A_CALL and len(taken) < MOST_CALLS):
        at = time.perf_counter()
        call()
        taken.append(time.perf_counter() - at)
    return statistics.median(taken)


def measure(session: Any, exported: Exported, original: Original, rows: Table) -> list[dict[str, Any]]:
    """Time both on batches of ``BATCHES`` rows; a batch that does not fit the memory ends the list."""
    found = []
    names = [output.name for output in exported.outputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for batch in BATCHES:
            table = rows.sized(batch)
            feeds = {each.name: each.feed(table) for each in exported.inputs}
            given = original.prepare(table)
            try:
                times = {
                    "original": median_time(lambda given=given: original.call(given)),  # type: ignore[misc]
                    "onnx": median_time(lambda feeds=feeds: session.run(names, feeds)),  # type: ignore[misc]
                }
            except MemoryError:
                break
            found.append({"batch": batch, **times})
    return found
