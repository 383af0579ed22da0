"""A store that lets somebody else write between a writer's look and its write."""

from __future__ import annotations

from collections.abc import Callable

from mlops_ci.workspace.layout import log_sequence
from tests.workspace.memory import MemoryStore


class InterloperStore(MemoryStore):
    """Before the next entry is created, ``interlope`` is called, once for each time it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.interlope: Callable[[], object] | None = None

    def create(self, key: str, data: bytes) -> bool:
        if self.interlope and log_sequence(key):
            interlope, self.interlope = self.interlope, None
            interlope()
        return super().create(key, data)
