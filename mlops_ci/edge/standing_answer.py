"""What a command has found on this machine, and what it finds again as long as nothing changes.

A command that found everything as it was leaves what it said, with a stamp of all that it could have looked at: more
than it did look at, so that nothing can be forgotten. Asked the same in the same surroundings, with the stamp still the
same, it would say the same; that takes a twentieth of a second to know, before most of the program has been imported.
This module imports little for that reason.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci import __version__
from mlops_ci.edge.folder_stamp import FolderStamp, stamp_of_folders, stamp_of_paths

_FORMAT = 1
_COARSEST = 2_000_000_000  # nanoseconds; of what was touched later, another change could carry the same times


@dataclass(frozen=True, slots=True)
class Looked:
    """All that a command could have looked at: ``folders`` ``without`` some paths in them, and ``files`` elsewhere.

    ``needed`` is a file that has to be there for the answer to be worth something. All paths are absolute.
    """

    folders: tuple[str, ...]
    without: tuple[str, ...]
    files: tuple[str, ...]
    needed: str


class StandingAnswer:
    """The answer to one command, given in one folder.

    Args:
        arguments: the command.
        environ: all environment variables.
        folder: the current folder.
        kept_in: the folder of all answers.
        now: the time, in nanoseconds since the epoch, at which the command began.
    """

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path, kept_in: Path, now: int | None = None
    ) -> None:
        self._began = time.time_ns() if now is None else now
        self._file = kept_in / f"{_digest([folder, *arguments])[:32]}.json"
        self._asked = _digest([__version__, sys.version, sys.prefix, folder, *arguments, *sorted(environ.items())])
        self._before: tuple[dict[str, Any], str] | None = None

    def said(self) -> str | None:
        """What the command would say; None where that has to be found out."""
        kept = self._read()
        if kept is None:
            return None
        try:
            stamp, around = _stamp(kept), stamp_of_paths([*_software(), *kept["files"]])
            self._before = kept, _joined(stamp, around) if stamp else ""
            holds = (kept["asked"], kept["stamp"]) == (self._asked, self._before[1])
            return str(kept["said"]) if holds and kept["stamp"] and Path(kept["needed"]).exists() else None
        except (KeyError, TypeError, ValueError):
            self._before = None
            return None

    def keep(self, looked: Looked, said: str | None) -> None:
        """Keep what the command said, if all it looked at was the same from before it began until now.

        Args:
            looked: what it could have looked at.
            said: None where it did something that it would not do again.
        """
        kept: dict[str, Any] = {
            "format": _FORMAT,
            "asked": self._asked,
            "folders": list(looked.folders),
            "without": list(looked.without),
            "files": list(looked.files),
            "needed": looked.needed,
            "stamp": "",
            "said": said or "",
        }
        if said is not None and self._before and _places(self._before[0]) == _places(kept):
            stamp = _stamp(kept)
            if stamp and self._began - stamp.newest > _COARSEST:
                joined = _joined(stamp, stamp_of_paths([*_software(), *looked.files]))
                kept["stamp"] = joined if joined == self._before[1] else ""
        self._write(kept)

    def _read(self) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return kept if isinstance(kept, dict) and kept.get("format") == _FORMAT else None

    def _write(self, kept: dict[str, Any]) -> None:
        from mlops_ci.edge.files import write_whole  # which imports much

        with suppress(OSError):  # a full disk, or a folder of somebody else's: it is found out again each time
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, json.dumps(kept).encode())


def _stamp(kept: Mapping[str, Any]) -> FolderStamp | None:
    return stamp_of_folders(kept["folders"], kept["without"])


def _places(kept: Mapping[str, Any]) -> tuple[object, ...]:
    return kept["folders"], kept["without"], kept["files"]


def _joined(stamp: FolderStamp, around: str) -> str:
    return f"{stamp.digest}-{around}"


def _software() -> list[str]:
    """Where the packages of this interpreter are: what is installed or removed changes the folder's own times."""
    return [path for path in sys.path if path]


def _digest(values: Sequence[object]) -> str:
    return hashlib.sha256(repr(values).encode("utf-8", "backslashreplace")).hexdigest()
