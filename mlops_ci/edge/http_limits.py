"""A service's limits on how often it may be asked: whether a refusal is one, and how long it asks to wait.

Besides ``Retry-After`` these are the headers and words of GitHub, which also uses the status 403 for limits:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

UNTOLD = 60.0
"""Seconds to wait at first where a limit does not say how long it lasts."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A refusal of somebody who asks too often; ``pause`` in seconds, None where it does not say."""

    pause: float | None


def limit_of(
    status: int, headers: Mapping[str, str], document: Mapping[str, Any], clock: Callable[[], float]
) -> Limit | None:
    """The limit that an answer speaks of; None for any other refusal."""
    if status not in {403, 429}:
        return None
    pause = retry_after(headers, clock)
    if pause is None and headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = headers.get("x-ratelimit-reset", "").strip()
        # A second more: the service's clock and ours are not one.
        pause = max(0.0, float(reset) - clock()) + 1 if reset.isdecimal() and len(reset) <= 12 else None
        return Limit(pause)
    said = document.get("message")
    if status == 429 or pause is not None or (isinstance(said, str) and "rate limit" in said.lower()):
        return Limit(pause)
    return None


def retry_after(headers: Mapping[str, str], clock: Callable[[], float]) -> float | None:
    """The seconds of a ``Retry-After``, which is a number or a date; None if there is none."""
    text = headers.get("Retry-After", "")
    if text.strip().isdecimal():
        return float(text.strip()[:12])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - clock())
