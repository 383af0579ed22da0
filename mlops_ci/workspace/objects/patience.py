"""How long a storage that fails is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of trying again, in seconds; waits double from ``first`` to ``longest``, with jitter.

    ``small`` is how long one request may take, ``bulk`` one part of a big file.
    """

    total: float = 60.0
    first: float = 0.2
    longest: float = 8.0
    connect: float = 5.0
    small: float = 30.0
    bulk: float = 300.0

    def retry_config(self) -> dict[str, Any]:
        """As obstore takes it."""
        return {
            "max_retries": 12,
            "retry_timeout": timedelta(seconds=self.total),
            "backoff": {
                "init_backoff": timedelta(seconds=self.first),
                "max_backoff": timedelta(seconds=self.longest),
                "base": 2,
            },
        }

    def tries(self) -> Iterator[int]:
        """Count tries from 1 and wait before each but the first, until the time is used up."""
        end, wait, number = time.monotonic() + self.total, self.first, 1
        yield number
        while time.monotonic() + wait < end:
            time.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - jitter is no secret
            wait, number = min(wait * 2, self.longest), number + 1
            yield number
