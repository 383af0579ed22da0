"""What can keep a model from being explained; the record says it, and the model is none the worse for it."""

from __future__ import annotations

from mlops_ci.converter.trouble import one_line


class NotExplainableError(Exception):
    """There is no such explanation of this model on these rows.

    Args:
        reason: why, for the user.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = one_line(reason)


def failed(what: str, error: Exception) -> NotExplainableError:
    """What a foreign library raised, with what was asked of it."""
    return NotExplainableError(f"{what}: {type(error).__name__}: {one_line(error, 300)}")
