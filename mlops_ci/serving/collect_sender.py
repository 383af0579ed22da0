"""Sends finished segments from the spool to the workspace, in a thread of its own."""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Callable

from mlops_ci.errors import MlopsError
from mlops_ci.serving.collect_spool import Segment, Spool
from mlops_ci.workspace.collected_layout import segment_key
from mlops_ci.workspace.store import Store

_LOCK = ".sender"
_LOOK = 5.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
_log = logging.getLogger("mlops_ci.serving")


class Sender:
    """The thread. Of the workers that share a spool one sends at a time; where it dies another goes on.

    Args:
        spool: where the segments are.
        connect: opens the workspace; it is called in the thread, and again after a failure.
        shipped: hears of requests that have arrived.
    """

    def __init__(self, spool: Spool, connect: Callable[[], Store], shipped: Callable[[int], None]) -> None:
        self._spool = spool
        self._connect = connect
        self._shipped = shipped
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="mlops-ci-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self, within: float) -> None:
        """Try once more to send what there is, and give up after some seconds: the next worker goes on with it."""
        self._closing = True
        self._wake.set()
        self._thread.join(within)

    def _run(self) -> None:
        store: Store | None = None
        pause = _FIRST_PAUSE
        with (self._spool.folder / _LOCK).open("w") as lock:
            while True:
                closing = self._closing
                try:
                    # Who is sending at our end may have looked before our last segment was there.
                    patient = closing and self._spool.segments()
                    fcntl.flock(lock, fcntl.LOCK_EX if patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
                    for segment in self._spool.segments():
                        store = store or self._connect()
                        self._send(store, segment)
                    pause, wait = _FIRST_PAUSE, _LOOK
                except BlockingIOError:
                    wait = _LOOK
                except Exception as error:
                    if pause == _FIRST_PAUSE:
                        told = error.line() if isinstance(error, MlopsError) else f"{type(error).__name__}: {error}"
                        _log.warning("collected requests wait on this machine: %s", " ".join(told.split()))
                    store, wait, pause = None, pause, min(2 * pause, _LONGEST_PAUSE)
                if closing:
                    return
                self._wake.wait(wait)

    def _send(self, store: Store, segment: Segment) -> None:
        try:
            data = segment.path.read_bytes()
        except FileNotFoundError:
            return  # it was the oldest, and there was no more room
        # A name belongs to one content: what is there already is this segment.
        store.create(segment_key(segment.model, segment.path.name), data)
        try:
            segment.path.unlink()
        except FileNotFoundError:
            return
        self._shipped(segment.requests)
