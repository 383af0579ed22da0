"""What is counted, in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from mlops_ci.serving.counters import (
    COUNTED,
    IN_FLIGHT,
    PID,
    READY,
    ROUTES,
    ROWS,
    SECONDS,
    STATUSES,
    WAITING,
    Counters,
    Layout,
)


def metrics_text(counters: Counters, versions: dict[str, int | None]) -> str:
    """All metrics, summed over the workers."""
    regions = counters.regions()
    total = [sum(cells) for cells in zip(*regions, strict=True)]
    memory = sum(_resident(int(cells[PID])) for cells in regions)
    return "\n".join(_lines(counters.layout, total, memory, versions)) + "\n"


def _lines(layout: Layout, total: Sequence[float], memory: int, versions: dict[str, int | None]) -> Iterator[str]:
    yield from _head("mlops_ci_model_info", "gauge", "The models that are served.")
    for model, version in versions.items():
        yield f'mlops_ci_model_info{{model="{_label(model)}",version="{"" if version is None else version}"}} 1'
    for name, cell, text in (
        ("workers", READY, "Workers that are ready."),
        ("requests_in_flight", IN_FLIGHT, "Requests that are being answered."),
        ("queue_length", WAITING, "Requests that wait for a model."),
    ):
        yield from _head(f"mlops_ci_{name}", "gauge", text)
        yield f"mlops_ci_{name} {total[cell]:g}"
    yield from _head("mlops_ci_memory_bytes", "gauge", "Resident memory of all workers.")
    yield f"mlops_ci_memory_bytes {memory}"
    yield from _head("mlops_ci_collected_total", "counter", "Requests collected, by what became of them.")
    for index, what in enumerate(COUNTED):
        yield f'mlops_ci_collected_total{{outcome="{what}"}} {total[4 + index]:.0f}'
    yield from _head("mlops_ci_requests_total", "counter", "Requests answered.")
    for model in layout.models:
        for route in ROUTES:
            first = layout.requests(model, route)
            for index, status in enumerate(STATUSES):
                if total[first + index]:
                    code = status or "other"
                    labels = f'model="{_label(model)}",route="{route}",code="{code}"'
                    yield f"mlops_ci_requests_total{{{labels}}} {total[first + index]:.0f}"
    yield from _head("mlops_ci_request_seconds", "histogram", "Time to answer a request to a model.")
    for model in layout.models[:-1]:
        yield from _histogram("mlops_ci_request_seconds", model, SECONDS, total, layout.seconds(model))
    yield from _head("mlops_ci_batch_rows", "histogram", "Rows that a model computed at once.")
    for model in layout.models[:-1]:
        yield from _histogram("mlops_ci_batch_rows", model, ROWS, total, layout.rows(model))


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _histogram(name: str, model: str, bounds: Sequence[float], total: Sequence[float], first: int) -> Iterator[str]:
    counts = list(accumulate(total[first : first + len(bounds) + 1]))
    for bound, count in zip((*(f"{bound:g}" for bound in bounds), "+Inf"), counts, strict=True):
        yield f'{name}_bucket{{model="{_label(model)}",le="{bound}"}} {count:.0f}'
    yield f'{name}_sum{{model="{_label(model)}"}} {total[first + len(bounds) + 1]:.9g}'
    yield f'{name}_count{{model="{_label(model)}"}} {counts[-1]:.0f}'


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _resident(pid: int) -> int:
    """The memory of a process, in bytes; 0 where it is gone, or the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
