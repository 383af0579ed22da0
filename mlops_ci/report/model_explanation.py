"""Which inputs matter to a model, in a line and in a table."""

from __future__ import annotations

from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.report.wording import value_text

_TOP = 3


def explanation_line(found: ModelExplanation) -> str:
    """The columns that matter most, or why that is not known; without a full stop."""
    if not found.importances:
        return f"not explained: {found.reason or 'nobody knows why'}"
    top = [each for each in found.importances[:_TOP] if each.mean > 0]
    if not top:
        return f"no column matters to {found.metric}: shuffling none of them makes it worse"
    named = ", ".join(f"{each.column} {value_text(each.mean)}" for each in top)
    rest = len(found.importances) - len(top)
    more = f"; {rest:,} more column{'s' if rest > 1 else ''}" if rest else ""
    return f"{named} ({found.metric} lost when shuffled{more})"
