"""Collects requests and answers in the background.

A request to ``/score`` costs a copy of its body and its answer, any other one an append to a queue. All else happens in
a thread that takes no more than a fifth of one processor, in slices so short that no request waits for the interpreter:
what comes faster than it can be written is dropped, and counted.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import stat
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.project.names import require_model_name
from mlops_ci.records.digest import digest_of_value, hexadecimal
from mlops_ci.records.serving import Collection, ServingManifest
from mlops_ci.serving.collect_lines import Lines
from mlops_ci.serving.collect_sender import Sender
from mlops_ci.serving.collect_spool import Spool
from mlops_ci.serving.contracts import Count, Exchange
from mlops_ci.workspace.store import Store

COLLECT_TO = "MLOPS_CI_SERVE_COLLECT_TO"
SPOOL = "MLOPS_CI_SERVE_SPOOL"
DEPLOYMENT = "MLOPS_CI_SERVE_DEPLOYMENT"
_LARGEST_QUEUE = 64 << 20
_LOOK = 0.1
_SLICE = 0.0005
_SHARE = 0.2
_log = logging.getLogger("mlops_ci.serving")


class BackgroundCollector:
    """A :class:`~mlops_ci.serving.contracts.Collector`. ``offer`` is called by one thread.

    Args:
        manifest: what is served.
        settings: what is collected of it.
        spool: where it waits.
        sender: sends it on; None: it stays in the spool.
        count: the counters of the server.
        deployment: the name of the deployment, if it is one.
    """

    def __init__(
        self,
        manifest: ServingManifest,
        settings: Collection,
        spool: Spool,
        sender: Sender | None,
        count: Count,
        deployment: str | None = None,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._sender = sender
        self._count = count
        self._lines = {model.name: Lines(model, deployment, inputs=settings.inputs) for model in manifest.models}
        self._sampled = settings.sample < 1
        # Of a request that has its line nothing else is kept: a queue full of arrays makes all other memory slower.
        self._queue: deque[tuple[Lines, float, Exchange | bytes, int]] = deque()
        self._offered = self._taken = 0  # bytes; each is written by one thread only
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlops-ci-collector", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        if self._sender:
            self._sender.start()

    def offer(self, exchange: Exchange) -> None:
        """Take a request, or drop it."""
        if self._sampled and not is_sampled(exchange.id, self._settings.sample):
            return
        lines = self._lines[exchange.model.name]
        line = lines.of_bodies(exchange)
        size = _size(exchange.inputs) + _size(exchange.outputs) if line is None else len(line)
        offered = self._offered + size
        if len(self._queue) >= self._settings.queue or offered - self._taken > _LARGEST_QUEUE:
            self._count("dropped")
            return
        self._offered = offered
        self._queue.append((lines, exchange.at, line or exchange, size))

    def close(self, within: float = 4.0) -> None:
        """Write what is waiting and send it, as far as that goes in some seconds."""
        until = time.monotonic() + within
        self._closing.set()
        self._thread.join(within)
        if self._sender:
            self._sender.close(max(until - time.monotonic(), 0.0))

    def _run(self) -> None:
        self._spool.recover()
        looked = time.monotonic()
        while True:
            closing = self._closing.is_set()
            began = time.monotonic()
            more = self._write_for(math.inf if closing else _SLICE)
            if closing or began - looked > _LOOK:
                self._spool.rotate(began, everything=closing)
                looked = began
            if closing:
                return
            busy = time.monotonic() - began
            self._closing.wait(busy * (1 - _SHARE) / _SHARE if more else _LOOK)

    def _write_for(self, seconds: float) -> bool:
        """Write requests for a time; one that cannot be written is lost, and nothing else is.

        Returns whether the time was too short for those that were waiting: those who come meanwhile can wait.
        """
        found: dict[Lines, tuple[float, list[bytes]]] = {}
        until = time.monotonic() + seconds
        waiting = len(self._queue)
        while waiting and time.monotonic() < until:
            waiting -= 1
            lines, at, told, size = self._queue.popleft()
            self._taken += size
            line = told if isinstance(told, bytes) else self._encoded(lines, told)
            if line is not None:
                found.setdefault(lines, (at, []))[1].append(line)
        for lines, (first, written) in found.items():
            self._spool.append(lines.head(first), written, time.monotonic())
            self._count("collected", len(written))
        return waiting > 0

    def _encoded(self, lines: Lines, exchange: Exchange) -> bytes | None:
        try:
            return lines.line(exchange)
        except Exception:
            _log.exception("request %s could not be collected", exchange.id)
            self._count("lost")
            return None


def open_collector(manifest: ServingManifest, environ: Mapping[str, str], count: Count) -> BackgroundCollector | None:
    """The collector that a package asks for; None where it asks for none. It has to be started.

    ``MLOPS_CI_SERVE_COLLECT_TO`` is the workspace, ``MLOPS_CI_SERVE_SPOOL`` the folder where requests wait,
    ``MLOPS_CI_SERVE_DEPLOYMENT`` the name under which the deployment is known.

    Raises:
        UsageError: a model has a name that no model of a workspace can have, or the folder belongs to somebody else.
    """
    settings = manifest.settings.collect
    if settings is None:
        return None
    for model in manifest.models:
        require_model_name(model.name)  # it becomes a folder, here and in the workspace
    url, deployment = environ.get(COLLECT_TO), environ.get(DEPLOYMENT)
    names = sorted(model.name for model in manifest.models)
    folder = Path(environ[SPOOL]).absolute() if environ.get(SPOOL) else _own_folder([url, deployment, names])
    spool = Spool(folder, settings.disk, lambda number: count("lost", number))
    if not url:
        _log.warning("requests are collected in %s and nowhere else: %s is not set", folder, COLLECT_TO)
    sender = Sender(spool, _workspace(url), lambda number: count("shipped", number)) if url else None
    return BackgroundCollector(manifest, settings, spool, sender, count, deployment or None)


def _own_folder(instance: object) -> Path:
    """The folder among the temporary files that belongs to an instance of a server, also after it was started again.

    Another instance does not send what is in it: it may have another workspace.
    """
    name = hexadecimal(digest_of_value(instance))[:16]
    folder = Path(tempfile.gettempdir()).absolute() / f"mlops-ci-collected-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise UsageError(
            "the folder for collected requests belongs to somebody else", where=str(folder), hint=f"set {SPOOL}"
        )
    return folder


def is_sampled(request: str, share: float) -> bool:
    """Whether a request is one of the share that is kept: the same requests on every server."""
    if share >= 1:
        return True
    return int.from_bytes(hashlib.blake2b(request.encode(), digest_size=8).digest()) < share * 2**64


def _workspace(url: str) -> Callable[[], Store]:
    def connect() -> Store:
        # A storage brings its own client; a server that collects nothing never imports it.
        from mlops_ci.errors import RemoteError
        from mlops_ci.workspace.format import read_format
        from mlops_ci.workspace.open import open_store

        store = open_store(url, Path.cwd())
        if read_format(store) is None:
            raise RemoteError("there is no workspace here", where=store.url, hint=f"correct {COLLECT_TO}")
        return store

    return connect


def _size(part: object) -> int:
    if isinstance(part, bytes):
        return len(part)
    if isinstance(part, Mapping):
        return sum(each.nbytes * (8 if each.dtype.hasobject else 1) for each in part.values())
    return 0
