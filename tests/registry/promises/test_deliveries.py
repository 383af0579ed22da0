"""Workers that deliver a log's events at once send each of them once, and in order."""

from __future__ import annotations

import os
from pathlib import Path

from mlops_ci.edge.clock import now
from mlops_ci.errors import RemoteError
from mlops_ci.registry.outbox import Event, Outbox, Sink
from mlops_ci.registry.tags import set_tags
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import open_log, registration
from tests.registry.promises.workers import open_registry, register_as_one
from tests.workspace.forked import Acknowledge, at_once

WORKERS = {"git": (2, 8)}
EVENTS = 4


def deliver(number: int, acknowledge: Acknowledge, *, url: str, inbox: str) -> None:
    """Deliver until nothing is left to deliver, or to wait for."""

    def send(event: Event) -> str:
        file = os.open(inbox, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{event.id} by {number}\n".encode())
        finally:
            os.close(file)
        return "received"

    sink = Sink("inbox", wants=lambda _: True, send=send)
    while True:
        try:
            done = Outbox(open_registry(url), "workspace", sink, clock=now).deliver()
        except RemoteError as error:
            acknowledge(error.line())
            raise
        acknowledge(list(done.sent))
        if done.held_up is None:
            return


def test_of_workers_that_race_one_sends_each_event(backend: Backend, sources: Path, tmp_path: Path) -> None:
    log, inbox = open_log(backend.open()), tmp_path / "inbox"
    quiet = Sink("inbox", wants=lambda _: True, send=lambda _: None)
    Outbox(log, "workspace", quiet, clock=now).start()  # from here on it hears everything

    def write() -> None:
        version = register_as_one(log, registration(sources, "a" * 40, "f1")).version.version
        for turn in range(EVENTS - 1):
            set_tags(log, version, {"turn": str(turn)})

    log.together(write)
    count = soak(*WORKERS.get(backend.name, (3, 16)))
    done = at_once(f"{__name__}:deliver", count, url=backend.url, inbox=str(inbox))
    received = [line.split(" by ")[0] for line in inbox.read_text().splitlines()]
    assert received == [f"workspace/model/{seq}" for seq in range(1, EVENTS + 1)]
    assert sorted(event for process in done for sent in process for event in sent) == sorted(received)
