"""Callers who ask a server all the time, half of them on a new connection for each request."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

_PATIENCE = 60.0
_REQUEST = b"POST /score HTTP/1.1\r\nHost: it\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"


@dataclass
class Load:
    """So many requests a second from ``callers``; ``lost`` says what became of those that were not answered."""

    url: str
    body: bytes
    rate: int = 200
    callers: int = 20
    answered: int = 0
    lost: list[str] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def go_on(self, count: int) -> None:
        """Wait until so many more have been answered."""
        wanted, end = self.answered + count, time.monotonic() + _PATIENCE
        while self.answered < wanted:
            assert time.monotonic() < end, f"{self.answered} were answered, and of others: {self.lost}"
            time.sleep(0.01)

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self.callers):
                group.create_task(self._caller(keep=number % 2 == 0))

    async def _caller(self, *, keep: bool) -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        address = urlsplit(self.url)
        head = _REQUEST % (len(self.body), b"keep-alive" if keep else b"close", self.body)
        while not self._over.is_set():
            try:
                async with asyncio.timeout(30):
                    if connection is None:
                        connection = await asyncio.open_connection(address.hostname, address.port)
                    reader, writer = connection
                    writer.write(head)
                    said = await reader.readuntil(b"\r\n\r\n")
                    length = next(line for line in said.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                    body = await reader.readexactly(int(length.partition(b":")[2]))
                if not said.startswith(b"HTTP/1.1 200"):
                    self.lost.append(f"{said!r} {body!r}")
                self.answered += 1
                if not keep or b"connection: close" in said.lower():
                    writer.close()
                    connection = None
            except (OSError, EOFError, TimeoutError) as error:
                self.lost.append(repr(error))
                connection = None
            await asyncio.sleep(self.callers / self.rate)
        if connection is not None:
            connection[1].close()
