"""Keeps the workers alive, and hands signals on. It has the socket and the counters, and never touches a request."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.records.codec import encode
from mlops_ci.serving.counters import READY, Counters, Layout
from mlops_ci.serving.handover import Offer, take_over
from mlops_ci.serving.keys import Keys
from mlops_ci.serving.options import ServeOptions
from mlops_ci.serving.package import Package, read_package
from mlops_ci.serving.processors import usable_processors
from mlops_ci.serving.worker_orders import Orders

Say = Callable[[str], None]
_LONGEST_PAUSE = 5.0
_STABLE = 10.0  # seconds after which a worker's next death is its first again
_GRACE = 5.0  # seconds beyond the drain until a worker is killed
_ATTEMPTS, _NEVER_READY = 3, 3  # how often a server is begun that never becomes ready, and its exit code then
_TOLD = (2, 3, 5)  # exit codes of a worker that has said what is wrong: starting it again would not help


class _Place:
    """A place for a worker, and the process that has it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.deaths = 0
        self.due = 0.0


class Supervisor:
    """One server."""

    def __init__(self, package: Package, options: ServeOptions, listener: socket.socket, say: Say) -> None:
        settings = package.manifest.settings
        count = settings.workers if options.workers is None else options.workers
        self._options = options
        self._package = package
        self._listener = listener
        self._say = say
        self._places = [_Place() for _ in range(count or usable_processors())]
        self._counters_file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server
        layout = Layout([model.name for model in package.manifest.models])
        self._counters = Counters(layout, self._counters_file.fileno(), len(self._places))
        self._parent, self._alive = os.pipe()  # the second end closes when this process ends, however it does
        self._was_ready = False
        self._offer: Offer | None = None
        self._received: list[int] = []
        self._stop: int | None = None
        self._code = 0
        self._stop_by = 0.0

    def run(self) -> int:
        """Serve until a signal; the exit code is 0 if every request was answered."""
        with self._signals() as wakened:
            while True:
                self._look_after()
                if self._stop is not None and not any(place.process for place in self._places):
                    return self._code
                awaited: list[int | Offer] = [wakened, *([self._offer] if self._offer else [])]
                for ready in select.select(awaited, [], [], 0.1)[0]:
                    if isinstance(ready, Offer):
                        ready.answer()
                try:
                    while os.read(wakened, 1024):
                        pass
                except BlockingIOError:
                    pass

    def _look_after(self) -> None:
        while self._received:
            self._begin_to_stop(self._received.pop(0))
        now = time.monotonic()
        for number, place in enumerate(self._places):
            code = place.process.poll() if place.process else None
            if code is not None:
                self._died(number, place, code, now)
            # The first by itself until it is ready: what keeps it from that is said once.
            wanted = number == 0 or self._was_ready
            if wanted and place.process is None and self._stop is None and now >= place.due:
                self._start(number, place, now)
        if not self._was_ready and any(cells[READY] for cells in self._counters.regions()):
            self._was_ready = True
            if self._options.handover and self._stop is None:
                self._offer = Offer(self._options.handover, self._listener)
            host, port = self._listener.getsockname()[:2]
            models = ", ".join(
                model.name + ("" if model.version is None else f" v{model.version}")
                for model in self._package.manifest.models
            )
            where = f"[{host}]" if ":" in host else host
            count = len(self._places)
            self._say(f"serving {models} at http://{where}:{port} with {count} worker{'s' if count > 1 else ''}")
        if self._stop is not None and now > self._stop_by:
            for place in self._places:
                if place.process:
                    place.process.kill()

    def _died(self, number: int, place: _Place, code: int, now: float) -> None:
        place.process = None
        if self._stop is not None:
            # Signalled by us before it had begun to listen, it has lost nothing.
            self._code = self._code or (0 if code == -signal.SIGTERM else code if code >= 0 else 128 + self._stop)
            return
        place.deaths = 1 if self._was_ready and now - place.started > _STABLE else place.deaths + 1
        if not self._was_ready and (code in _TOLD or place.deaths == _ATTEMPTS):
            self._code = code if code in _TOLD else _NEVER_READY
            self._begin_to_stop(signal.SIGTERM)
            return
        pause = min(_LONGEST_PAUSE, 0.1 * 2 ** (place.deaths - 1)) if place.deaths > 1 else 0.0
        place.due = now + pause
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._say(f"worker {number} died ({why}); it is started again in {pause:g} s")

    def _start(self, number: int, place: _Place, now: float) -> None:
        inherited = (self._listener.fileno(), self._counters_file.fileno(), self._parent)
        orders = Orders(
            str(self._package.folder), number, len(self._places), *inherited, log_level=self._options.log_level
        )
        # -P: no module of the folder that we happen to be in is one of the server's.
        command = [sys.executable, "-P", "-m", "mlops_ci.serving.worker", encode(orders).decode()]
        place.started = now
        place.process = subprocess.Popen(command, pass_fds=inherited)

    def _begin_to_stop(self, number: int) -> None:
        """Let the workers end; the second time, at once."""
        patience = 0.0 if self._stop else self._package.manifest.settings.drain + _GRACE
        self._stop = self._stop or number
        self._stop_by = time.monotonic() + patience
        # The last worker that stops to listen takes what waits in the socket: no one else may hold it.
        self._listener.close()
        if self._offer:
            self._offer.close()
            self._offer = None
        for place in self._places:
            if place.process:
                place.process.terminate()

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Signals end the waiting; those that were handled otherwise before are so again afterwards."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        handlers: dict[int, Callable[[int, FrameType | None], None]] = {
            signal.SIGTERM: lambda number, _: self._received.append(number),
            signal.SIGINT: lambda number, _: self._received.append(number),
            signal.SIGCHLD: lambda *_: None,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)


def serve(options: ServeOptions, environ: Mapping[str, str], say: Say) -> int:
    """Serve a package until a signal.

    Raises:
        UsageError: it is no package, or a key is missing.
        RemoteError: the port is taken, or not ours to take.
    """
    package = read_package(options.package.resolve())
    Keys(package.manifest.settings.keys, environ)
    with _listening(options) as listener:
        return Supervisor(package, options, listener, say).run()


def _listening(options: ServeOptions) -> socket.socket:
    where = f"{options.host}:{options.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"no address is called {options.host[:80]!r}", hint="--host 127.0.0.1, or 0.0.0.0") from error
    if options.handover and (found := take_over(options.handover, options.port)):
        return found
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        hint = "choose another with --port, or stop what listens there"
        raise RemoteError(f"cannot listen: {(error.strerror or str(error)).lower()}", where=where, hint=hint) from error
    return listener
