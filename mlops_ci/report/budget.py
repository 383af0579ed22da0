"""What a verdict says of its evaluation set's budget."""

from __future__ import annotations

from mlops_ci.records.verdict import Spent

_FEW = 0.1


def budget_line(spent: Spent) -> str:
    """Which look this was, what it was given of the error, what is left, and what the promise rests on."""
    if spent.worn_out:
        return f"all {spent.looks:,} looks at this evaluation set are spent"
    of = f" of {spent.looks:,}" if spent.looks else ""
    parts = [f"look {spent.look:,}{of} at this evaluation set (error {spent.error:.2g} of {spent.total:.2g})"]
    if spent.looks:
        parts.append(_left(spent.looks - spent.look, spent.looks))
    if spent.advisory:
        parts.append("advisory: nothing can be written from here, so that it is not counted and promises nothing")
        return "; ".join(parts)
    parts.append(
        "only gains are told, so that the error holds whatever is tried next"
        if spent.reveal == "gains"
        else "the error holds for candidates that were not chosen by numbers of this set"
    )
    return "; ".join(parts)


def _left(left: int, looks: int) -> str:
    if left == 0:
        return "it was the last one: bring new rows"
    if left <= max(1, looks * _FEW):
        return f"only {left:,} left: new rows will be needed"
    return f"{left:,} left"
