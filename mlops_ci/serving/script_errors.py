"""What went wrong in an entry script, for people: one line at start-up, a traceback of the user's own code later."""

from __future__ import annotations

import traceback
from pathlib import Path

from mlops_ci.errors import UsageError

_OURS = str(Path(__file__).parent)
_LONGEST = 300


def tidied(error: BaseException) -> str:
    """The traceback of an error without our own frames and those of the import system."""
    found = traceback.TracebackException.from_exception(error)
    chain: traceback.TracebackException | None = found
    while chain is not None:
        chain.stack = traceback.StackSummary.from_list([frame for frame in chain.stack if _is_theirs(frame.filename)])
        chain = chain.__cause__ or chain.__context__
    return "".join(found.format()).rstrip()


def summary(error: BaseException) -> str:
    """An error in one line: its class, and what it says."""
    text = " ".join(str(error).split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def start_failure(error: BaseException, doing: str, package: Path, script: Path) -> UsageError:
    """The one line that tells why a script cannot start.

    Args:
        error: what it raised.
        doing: what it did then, such as ``"while it was imported"``.
        package: the folder of the package; places are relative to it.
        script: the entry script.
    """
    where = _place(error, package) or _relative(script, package)
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{_relative(Path(error.filename), package)}:{error.lineno or 1}"
        return UsageError(f"the entry script has a syntax error: {error.msg}", where=where)
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = "add it to the requirements of the project, or to serve.assets if it is a file of yours"
        return UsageError(f"the entry script imports {error.name!r}, which is not installed", where=where, hint=hint)
    if isinstance(error, SystemExit):
        return UsageError(f"the entry script ended the process {doing}", where=where, hint="raise an exception")
    return UsageError(f"the entry script failed {doing}: {summary(error)}", where=where)


def _place(error: BaseException, package: Path) -> str | None:
    """The innermost line of the package that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(package)]
    return f"{_relative(Path(inside[-1].filename), package)}:{inside[-1].lineno}" if inside else None


def _relative(file: Path, package: Path) -> str:
    return str(file.relative_to(package) if file.is_relative_to(package) else file)


def _is_theirs(file: str) -> bool:
    return not file.startswith((_OURS, "<frozen importlib"))
