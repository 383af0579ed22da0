"""A worker: one process with an event loop, and the models. The supervisor starts it, with its orders as JSON."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop

from mlops_ci.errors import MlopsError
from mlops_ci.records.codec import decode
from mlops_ci.serving.app import App
from mlops_ci.serving.connections import Connection, refuse_the_slow
from mlops_ci.serving.counters import READY, WAITING, Counters, Layout
from mlops_ci.serving.handlers import Handlers
from mlops_ci.serving.keys import Keys
from mlops_ci.serving.package import read_package
from mlops_ci.serving.served import Served
from mlops_ci.serving.worker_orders import Orders

logger = logging.getLogger("mlops_ci.serving")
# Seconds in which clients with open connections learn that each answer is the last on its connection.
_LEAVING = 1.0
_TICK = 0.05
CUT_SHORT = 143


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would close connections at once."""
        yield


def main() -> int:
    """Serve until told to stop; 0 if every request was answered."""
    orders = decode(sys.argv[1].encode(), Orders, where="the orders of the supervisor")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor says what it means
    logging.basicConfig(
        level=orders.log_level.upper(), format=f"%(asctime)s %(levelname)s worker {orders.worker}: %(message)s"
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    try:
        return uvloop.run(_serve(orders))
    except MlopsError as error:
        print(f"mlops-ci: error[{error.exit_code}]: {error.line()}", file=sys.stderr)  # noqa: T201
        return error.exit_code


async def _serve(orders: Orders) -> int:
    package = read_package(Path(orders.package))
    settings = package.manifest.settings
    layout = Layout([model.name for model in package.manifest.models])
    counters = Counters(layout, orders.counters, orders.workers, orders.worker)
    counters.start(os.getpid())
    keys = Keys(settings.keys, os.environ)
    served = Served(package, lambda count: counters.set(WAITING, count), counters.computed)
    app = App(Handlers(served, counters, None), keys, counters, settings.max_request)
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # uvicorn's types of messages are narrower than ASGI's
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(settings.drain)),
    )
    server = _Server(config)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_reader(orders.parent, stopping.set)  # it becomes readable when the supervisor is gone
    leaving = asyncio.create_task(_leave(stopping, app, server, settings.timeout))
    listener = socket.socket(fileno=orders.listen)
    counters.set(READY, 1)
    await server.serve([listener])
    counters.set(READY, 0)
    leaving.cancel()
    unanswered = len(server.server_state.tasks)
    served.close()
    return CUT_SHORT if unanswered else 0


async def _leave(stopping: asyncio.Event, app: App, server: uvicorn.Server, timeout: float) -> None:
    """Watch over the connections; when it is time, let those that are open end, and only then stop to listen."""
    loop = asyncio.get_running_loop()
    connections = server.server_state.connections
    while not stopping.is_set():
        refuse_the_slow(connections, loop.time(), timeout)
        try:
            async with asyncio.timeout(1):
                await stopping.wait()
        except TimeoutError:
            continue
    app.drain()
    end = loop.time() + _LEAVING
    while connections and loop.time() < end:
        await asyncio.sleep(_TICK)
    server.should_exit = True


if __name__ == "__main__":
    # What models and threads hold is given back with the process; waiting for them could take for ever.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
