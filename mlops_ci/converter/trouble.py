"""What can go wrong: the input is broken, or the model has no equal in ONNX."""

from __future__ import annotations

SERVE_IT = "serve it with an entry script, which always works"


class BrokenInputError(Exception):
    """A file or an option has to change; the process prints one line and ends with this code."""

    code = 2


class UnsafeInputError(BrokenInputError):
    """A file reaches for what is not its own."""

    code = 5


class NotConvertibleError(Exception):
    """There is no ONNX model that answers like this one.

    Args:
        reason: names the estimator or the operator.
        hint: what to do about it.
    """

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = one_line(reason)
        self.hint = one_line(hint or SERVE_IT)


def one_line(text: object, limit: int = 400) -> str:
    """A message of a foreign library as one line of bounded length."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
