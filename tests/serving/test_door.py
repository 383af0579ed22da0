"""How connections come in."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_ci.serving import door as door_module
from mlops_ci.serving.door import Door


class Guest(asyncio.Protocol):
    """Notes that it came in."""

    def __init__(self, inside: list[asyncio.BaseTransport]) -> None:
        self.inside = inside

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.inside.append(transport)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as made:
        yield made


def callers(listener: socket.socket, count: int) -> list[socket.socket]:
    return [socket.create_connection(listener.getsockname()) for _ in range(count)]


def test_a_burst_of_connections_is_shared_by_those_who_listen(listener: socket.socket) -> None:
    async def share() -> tuple[int, int]:
        waiting = callers(listener, 16)
        one: list[asyncio.BaseTransport] = []
        two: list[asyncio.BaseTransport] = []
        doors = [
            Door(socket.socket(fileno=os.dup(listener.fileno())), lambda inside=inside: Guest(inside))  # type: ignore[misc]
            for inside in (one, two)
        ]
        while len(one) + len(two) < 16:
            await asyncio.sleep(0)
        for each in doors:
            await each.close()
        for caller in waiting:
            caller.close()
        return len(one), len(two)

    assert asyncio.run(share()) == (8, 8)


def test_who_has_come_through_is_a_connection_when_the_door_is_closed(listener: socket.socket) -> None:
    async def close_at_once() -> int:
        waiting = callers(listener, 1)
        inside: list[asyncio.BaseTransport] = []
        door = Door(socket.socket(fileno=os.dup(listener.fileno())), lambda: Guest(inside))
        while not door._entering:
            await asyncio.sleep(0)
        await door.close()
        waiting[0].close()
        return len(inside)

    assert asyncio.run(close_at_once()) == 1


def test_without_descriptors_who_waits_comes_in_later(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(door_module, "_PAUSE", 0.01)

    class Exhausted:
        """A listening socket of a process that has no descriptors left, twice."""

        def __init__(self, real: socket.socket) -> None:
            self.real, self.failures = real, 2

        def accept(self) -> Any:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return self.real.accept()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    async def come_in() -> int:
        waiting = callers(listener, 1)
        inside: list[asyncio.BaseTransport] = []
        exhausted = Exhausted(socket.socket(fileno=os.dup(listener.fileno())))
        listening: Any = exhausted
        door = Door(listening, lambda: Guest(inside))
        while not inside:
            await asyncio.sleep(0.001)
        await door.close()
        waiting[0].close()
        return exhausted.failures

    assert asyncio.run(come_in()) == 0
    assert caplog.text.count("no more connections can be taken in") == 2
