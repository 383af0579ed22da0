"""Lets connections in, one in a turn of the event loop.

All workers listen to the same socket. A loop that takes in whatever waits would take a whole burst of connections, and
the others would have nothing to do for as long as these stay. A worker that is busy comes to its next turn later, which
lets the others go first.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

logger = logging.getLogger("mlops_ci.serving")
_TOO_MANY = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PAUSE = 1.0  # seconds, until there may be descriptors again


class Door:
    """A listening socket and what comes in by it."""

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[object]] = set()
        self._closed = False
        self._open()

    def _open(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._let_in)

    def _let_in(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was quicker, or they have gone
        except OSError as error:
            if error.errno not in _TOO_MANY:
                raise
            # Who waits goes on waiting; to ask again at once would take all of the processor.
            logger.warning("no more connections can be taken in: %s", error.strerror)
            self._loop.remove_reader(self._listener.fileno())
            self._loop.call_later(_PAUSE, self._open)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._entering.add(task)
        task.add_done_callback(self._entered)

    def _entered(self, task: asyncio.Task[object]) -> None:
        self._entering.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("a connection was lost as it came in: %s", error)

    async def close(self) -> None:
        """Let nobody in any more; who has come through is a connection when this returns."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
        if self._entering:
            await asyncio.wait(self._entering)
