"""A workspace in memory, whose writers may die."""

from __future__ import annotations

from tests.storms.line import Line
from tests.support.conversation import Crashed
from tests.workspace.memory import MemoryStore


class MortalStore(MemoryStore):
    """The same objects, as one job reaches them; ``unmarked`` are the deliveries that nobody could write down."""

    def __init__(self, of: MemoryStore, line: Line, unmarked: list[str]) -> None:
        super().__init__()
        self.objects, self._modified = of.objects, of._modified
        self._line = line
        self._unmarked = unmarked

    def create(self, key: str, data: bytes) -> bool:
        try:
            self._line.travel()
        except Crashed:
            if key.endswith(".done.json") and b'"sent"' in data:
                self._unmarked.append(key)
            raise
        created = super().create(key, data)
        self._line.travel()
        return created
