"""A listening socket that goes from one server to the next, with the connections that wait in it.

Two sockets on one port (``SO_REUSEPORT``) would almost do: Linux resets what waits in the one that is closed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE = 10.0  # seconds for another server to hand over
_MESSAGE = b"listener"


def take_over(file: Path, port: int) -> socket.socket | None:
    """The listening socket that a server offers at a file; None if nobody does, or it is for another port."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_PATIENCE)
        try:
            with _short(file) as address:
                asking.connect(address)
            descriptors = socket.recv_fds(asking, len(_MESSAGE), 1)[1]
        except OSError:
            return None
    if not descriptors:
        return None
    found = socket.socket(fileno=descriptors[0])
    if found.getsockname()[1] == port:
        return found
    found.close()
    return None


class Offer:
    """Offers a listening socket to the next server, instead of whoever has offered one at this file until now.

    Both listen from then on, until one of them stops; whoever may open the file may have it.
    """

    def __init__(self, file: Path, listener: socket.socket) -> None:
        self._listener = listener
        self._socket = socket.socket(socket.AF_UNIX)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        with _short(partial) as address:
            self._socket.bind(address)
        partial.chmod(0o600)
        self._socket.listen()
        self._socket.setblocking(False)
        partial.replace(file)

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._socket.fileno()

    def answer(self) -> None:
        """Hand it over to whoever asks."""
        with suppress(OSError):  # gone again
            asking, _ = self._socket.accept()
            with asking:
                socket.send_fds(asking, [_MESSAGE], [self._listener.fileno()])

    def close(self) -> None:
        """Offer it no more. The file stays: by now it may be another server's."""
        self._socket.close()


@contextmanager
def _short(file: Path) -> Iterator[str]:
    """A name that fits into the address of a socket, which has room for some 100 bytes."""
    folder = os.open(file.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file.name}" if Path("/proc/self/fd").is_dir() else str(file)
    finally:
        os.close(folder)
