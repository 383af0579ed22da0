"""What has been written and not yet pushed; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from mlops_ci.workspace.store import LostRaceError


class Rule(Enum):
    """What a change makes of an object that somebody else has put there."""

    CLAIM = "the key has to be free"
    KEEP = "theirs stays"
    REPLACE = "ours stays"


@dataclass(frozen=True, slots=True)
class Change:
    """A new content of a path; ``blob`` is None where it goes."""

    blob: str | None
    size: int
    rule: Rule


class Changes:
    """Writes that belong together, the last one of a path counting."""

    def __init__(self) -> None:
        self._by_path: dict[str, Change] = {}

    def __bool__(self) -> bool:
        return bool(self._by_path)

    def __iter__(self) -> Iterator[tuple[str, Change]]:
        yield from self._by_path.items()

    def get(self, path: str) -> Change | None:
        """What is staged for a path."""
        return self._by_path.get(path)

    def add(self, path: str, change: Change) -> None:
        """Stage a change."""
        before = self._by_path.get(path)
        if before and before.rule is Rule.CLAIM and change.blob is None:
            del self._by_path[path]  # what nobody has seen
        elif before:
            # A claim stays one, whatever we write there next; after that, we have written more than a creation.
            rule = Rule.CLAIM if before.rule is Rule.CLAIM else Rule.REPLACE
            self._by_path[path] = replace(change, rule=rule)
        else:
            self._by_path[path] = change

    def on(self, files: Mapping[str, str]) -> dict[str, Change]:
        """What they change of a tree.

        Raises:
            LostRaceError: somebody else has taken a key that was claimed.
        """
        effective = {}
        for path, change in self._by_path.items():
            theirs = files.get(path)
            if theirs is not None and change.rule is Rule.CLAIM:
                raise LostRaceError("somebody else has written meanwhile", where=path, hint="run the command again")
            if (theirs is not None and change.rule is Rule.KEEP) or theirs == change.blob:
                continue
            effective[path] = change
        return effective
