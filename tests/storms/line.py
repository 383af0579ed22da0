"""The way between a job and everything else: it takes time, and the job may be killed on it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.support.conversation import Clock, Crashed


@dataclass(frozen=True)
class Line:
    """Virtual time as one job spends it; ``deaths`` is the share of all steps on which it is killed."""

    clock: Clock
    chance: random.Random
    deaths: float

    def travel(self) -> None:
        """Half a request: with the way there and back it takes less than a second."""
        self.sleep(self.chance.uniform(0, 0.49))

    def sleep(self, seconds: float) -> None:
        """Let others go on meanwhile."""
        self.clock.sleep(seconds)
        if self.chance.random() < self.deaths:
            raise Crashed
