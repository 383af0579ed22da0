"""Makes an event small enough for its receiver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.records.codec import encode
from mlops_ci.records.event import CloudEvent, News

_BULKY: dict[str, Any] = {"files": (), "metrics": {}, "tags": {}}


def fitting(event: CloudEvent, document: Callable[[CloudEvent], Any], limit: int) -> Any:
    """The document made of an event, without its bulky parts as far as they have to go.

    Args:
        event: the event.
        document: makes of it what is sent.
        limit: the most bytes of JSON.

    Raises:
        UsageError: it does not fit without them, either.
    """
    for without in ((), ("files",), ("files", "metrics"), ("files", "metrics", "tags")):
        made = document(replace(event, data=_leave_out(event.data, without)))
        if len(encode(made)) <= limit:
            return made
    raise UsageError(f"the event is larger than {limit:,} bytes", where=event.id, hint="send less with it")


def _leave_out(news: News, names: tuple[str, ...]) -> News:
    gone = tuple(name for name in names if getattr(news, name))
    return replace(news, **{name: _BULKY[name] for name in gone}, left_out=gone)
