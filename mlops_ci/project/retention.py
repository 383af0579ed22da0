"""For how long a workspace keeps what no version needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_ci.errors import UsageError

_DAYS = re.compile(r"([1-9][0-9]{0,4})d")


@dataclass(frozen=True, slots=True)
class Retention:
    """Days after which ``workspace gc`` deletes, by kind; None keeps for ever.

    ``runs`` are records, reports and result files of runs; ``cache`` the results of steps; ``pull_requests`` both of
    what is not merged; ``collected`` the requests that scoring servers collected.
    """

    runs: int | None = None
    cache: int | None = None
    pull_requests: int | None = None
    collected: int | None = None

    def but(self, **given: str | None) -> Retention:
        """The same with some ages said otherwise, as ``90d``.

        Raises:
            UsageError: one of them is no number of days.
        """
        return replace(self, **{kind: _days(text, kind) for kind, text in given.items() if text is not None})


def load_retention(value: Mapping[str, Any]) -> Retention:
    """Of the key ``retention`` of ``mlops.yaml``, as the schema lets it pass."""
    return Retention().but(**value)


def _days(text: str, kind: str) -> int:
    match = _DAYS.fullmatch(text)
    if match is None:
        raise UsageError("not a number of days", where=f"{kind}: {text[:20]!r}", hint="write it as 90d; at least 1d")
    return int(match[1])
