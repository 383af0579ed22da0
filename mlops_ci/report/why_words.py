"""Words of the paragraph for an auditor."""

from __future__ import annotations

from mlops_ci.records.actor import Actor
from mlops_ci.report.wording import visible

_LONGEST = 200


def on(time: str) -> str:
    """A moment in UTC: ``2026-01-31 at 10:22 UTC``. Of another time zone it stays as it was written."""
    utc = time.endswith(("Z", "+00:00"))
    return f"{time[:10]} at {time[11:16]} UTC" if utc and len(time) > len("2026-01-31T10:22") else visible(time)


def who(actor: Actor) -> str:
    """A person, and the run of CI if it was one."""
    run = f" in run {cut(actor.run_id)}" if actor.run_id else ""
    where = f" of {cut(actor.repository)}" if actor.run_id and actor.repository else ""
    return f"{cut(actor.name)}{run}{where}"


def because(reason: str | None) -> str:
    """A reason that somebody gave, in their words."""
    return f", saying “{cut(reason)}”" if reason else ""


def cut(text: str) -> str:
    """Foreign text on one line, of a length that a sentence bears."""
    shown = visible(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
