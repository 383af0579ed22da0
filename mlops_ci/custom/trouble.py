"""What can go wrong with somebody's function, said in one line that names the place in their file."""

from __future__ import annotations

import traceback
from pathlib import Path


class UserError(Exception):
    """The user's function or table has to change; the process prints one line and ends with code 2."""


def one_line(text: object, limit: int = 300) -> str:
    """A foreign message as one line of bounded length."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def raised(error: BaseException, file: Path) -> UserError:
    """An exception of the user's code, with the line of their file that it passed last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        lines.append(error.lineno)
    place = f"{file.name}:{lines[-1]}" if lines else file.name
    return UserError(one_line(f"{place}: {type(error).__name__}: {error}"))
