"""A worker: one process with an event loop, and the models. The supervisor starts it, with its orders as JSON."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from mlops_ci.errors import MlopsError
from mlops_ci.records.codec import decode
from mlops_ci.serving.app import App
from mlops_ci.serving.collect import open_collector
from mlops_ci.serving.connection import Connection, expect_in_time
from mlops_ci.serving.contracts import Described
from mlops_ci.serving.counters import READY, WAITING, Counters, Layout
from mlops_ci.serving.documents import Documents
from mlops_ci.serving.door import Door
from mlops_ci.serving.handlers import Handlers
from mlops_ci.serving.keys import Keys
from mlops_ci.serving.package import read_package
from mlops_ci.serving.served import Served
from mlops_ci.serving.worker_orders import Orders

logger = logging.getLogger("mlops_ci.serving")
# Seconds in which clients with open connections learn that each answer is the last on its connection.
_LEAVING = 1.0
_TICK = 0.02
_IDLE = 75.0  # seconds until a connection is closed on which nobody asks
CUT_SHORT = 143


def main() -> int:
    """Serve until told to stop; 0 if every request was answered."""
    orders = decode(sys.argv[1].encode(), Orders, where="the orders of the supervisor")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor says what it means
    logging.basicConfig(
        level=orders.log_level.upper(), format=f"%(asctime)s %(levelname)s worker {orders.worker}: %(message)s"
    )
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
    models = served.models()
    schemas = {name: script.schema for name, script in served.scripts().items() if script.schema}
    documents = Documents(Described(models, package.manifest.default, keyed=keys.needed, scripts=schemas))
    collector = open_collector(replace(package.manifest, models=models), os.environ, counters.collected)
    if collector is not None:
        collector.start()
    app = App(Handlers(served, counters, collector, documents), keys, counters, settings.max_request)

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(why: str) -> None:
        logger.info("stops: %s", why)
        stopping.set()

    loop.add_signal_handler(signal.SIGTERM, stop, "a signal")
    loop.add_reader(orders.parent, stop, "the supervisor is gone")  # the end of its pipe can be read
    connections: set[Connection] = set()
    listener = socket.socket(fileno=orders.listen)
    door = Door(listener, lambda: Connection(app, connections))
    counters.set(READY, 1)
    while not stopping.is_set():
        expect_in_time(connections, time.monotonic(), settings.timeout, _IDLE)
        try:
            async with asyncio.timeout(1):
                await stopping.wait()
        except TimeoutError:
            continue
    counters.set(READY, 0)
    app.drain()
    unanswered = await _leave(door, connections, time.monotonic() + settings.drain)
    served.close()
    if collector is not None:
        collector.close()
    return CUT_SHORT if unanswered else 0


async def _leave(door: Door, connections: set[Connection], end: float) -> int:
    """Let connections end with their next answer, and stop to listen; returns how many requests were not answered."""
    leaving = min(end, time.monotonic() + _LEAVING)
    while connections and time.monotonic() < leaving:
        await asyncio.sleep(_TICK)
    await door.close()
    while (now := time.monotonic()) < end:
        for connection in [one for one in connections if not (one.busy or _is_about_to_ask(one, now))]:
            connection.close()
        if not any(connection.busy or _is_about_to_ask(connection, now) for connection in connections):
            break
        await asyncio.sleep(_TICK)
    unanswered = sum(connection.busy for connection in connections)
    for connection in list(connections):
        connection.close()
    await asyncio.sleep(_TICK)  # what is written has to leave
    return unanswered


def _is_about_to_ask(connection: Connection, now: float) -> bool:
    return connection.is_new and now - connection.since < _LEAVING


if __name__ == "__main__":
    # What models and threads hold is given back with the process; waiting for them could take for ever.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
