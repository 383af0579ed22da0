"""A pull request's comments in memory, and a clock that decides who goes next among writers at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush
from threading import Event, Semaphore, Thread

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import OutcomeUnknownError
from mlops_ci.hosts.reviews import Posted


class Crashed(BaseException):
    """The job was killed."""


class Clock:
    """Virtual time: of threads that sleep, one at a time runs, that which is to wake first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleeping: list[tuple[float, int, Event]] = []
        self._count = 0
        self._resting = Semaphore(0)

    def sleep(self, seconds: float) -> None:
        """Let others go on meanwhile."""
        wake = Event()
        self._count += 1
        heappush(self._sleeping, (self.now + seconds, self._count, wake))
        self._resting.release()
        assert wake.wait(30)

    def run(self, works: list[Callable[[], None]]) -> None:
        """Run all to their ends."""
        threads = [Thread(target=self._one, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
            assert self._resting.acquire(timeout=30)
        while self._sleeping:
            self.now, _, wake = heappop(self._sleeping)
            wake.set()
            assert self._resting.acquire(timeout=30)
        for thread in threads:
            thread.join(30)

    def _one(self, work: Callable[[], None]) -> None:
        self.sleep(0)
        try:
            work()
        finally:
            self._resting.release()


class Comments:
    """What stands on the host, and all that ever stood there."""

    def __init__(self, limit: int = 60_000) -> None:
        self.limit = limit
        self.bodies: dict[int, str] = {}
        self.resolved: dict[int, bool] = {}
        self.posts = 0
        self.writes = 0
        self.pictures: dict[str, bytes] = {}

    def post(self, body: str, *, resolved: bool) -> Posted:
        assert len(body.encode()) <= self.limit
        self.posts += 1
        self.writes += 1
        self.bodies[self.posts] = body
        self.resolved[self.posts] = resolved
        return Posted(str(self.posts), body)

    def ours(self, marker: str) -> list[Posted]:
        # Hosts trim, and some give back other ends of lines.
        return [
            Posted(str(number), body.strip().replace("\n", "\r\n"))
            for number, body in sorted(self.bodies.items())
            if body.startswith(marker)
        ]

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        text = body()
        assert len(text.encode()) <= self.limit
        if int(comment) not in self.bodies:
            raise ResponseError("the host answered 404", status=404, document={}, headers={})
        self.writes += 1
        self.bodies[int(comment)] = text
        self.resolved[int(comment)] = resolved

    def delete(self, comment: str) -> None:
        self.writes += int(comment) in self.bodies
        self.bodies.pop(int(comment), None)

    def picture(self, name: str, png: bytes) -> str | None:
        self.pictures[name] = png
        return None


class Unreliable(Comments):
    """The comments as one writer meets them: requests take time, replies get lost, and the job may be killed."""

    def __init__(self, comments: Comments, clock: Clock, chance: random.Random, *, faults: float) -> None:
        self.limit = comments.limit
        self._comments = comments
        self._clock = clock
        self._chance = chance
        self._faults = faults

    def ours(self, marker: str) -> list[Posted]:
        self._travel()
        found = self._comments.ours(marker)
        self._travel()
        return found

    def post(self, body: str, *, resolved: bool) -> Posted:
        self._travel()
        self._lose()
        posted = self._comments.post(body, resolved=resolved)
        self._travel()
        self._lose()
        return posted

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        self._travel()
        self._lose()
        self._comments.update(comment, body, resolved=resolved)
        self._travel()
        self._lose()

    def delete(self, comment: str) -> None:
        self._travel()
        self._comments.delete(comment)
        self._travel()

    def _travel(self) -> None:
        """Half a request: with the way there and back it takes less than a second."""
        self._clock.sleep(self._chance.uniform(0, 0.49))
        if self._chance.random() < self._faults / 4:
            raise Crashed

    def _lose(self) -> None:
        if self._chance.random() < self._faults:
            raise OutcomeUnknownError("it is not known whether the request was carried out")
