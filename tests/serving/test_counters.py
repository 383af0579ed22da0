"""What the workers count, in memory that they share."""

from __future__ import annotations

import tempfile

from mlops_ci.serving.counters import ROWS, SECONDS, STATUSES, Counters, Layout


def test_requests_are_counted_by_model_and_status_and_those_for_no_model_together() -> None:
    layout = Layout(["coin", "dice"])
    with tempfile.TemporaryFile() as file:
        first, second = (Counters(layout, file.fileno(), 2, worker) for worker in range(2))
        for _ in range(3):
            second.request("coin", "score", 200, 0.002)
        second.request("dice", "models", 418, None)
        for number in range(5):
            second.request(f"nobody-{number}", "score", 404, 0.002)
        second.computed("dice", 3)
        ours, theirs = first.regions()
    assert not any(ours)
    wanted = {
        layout.requests("coin", "score") + STATUSES.index(200): 3.0,
        layout.requests("dice", "models") + STATUSES.index(0): 1.0,
        layout.requests("", "score") + STATUSES.index(404): 5.0,
        layout.seconds("coin") + SECONDS.index(0.0025): 3.0,
        layout.seconds("coin") + len(SECONDS) + 1: 0.006,
        layout.seconds("") + SECONDS.index(0.0025): 5.0,
        layout.seconds("") + len(SECONDS) + 1: 0.01,
        layout.rows("dice") + ROWS.index(4): 1.0,
        layout.rows("dice") + len(ROWS) + 1: 3.0,
    }
    assert {cell: round(value, 9) for cell, value in enumerate(theirs) if value} == wanted
