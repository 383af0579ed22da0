"""Takes aliases away, and knows the way back of one that went wrong."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.errors import UsageError
from mlops_ci.records.entry import Alias, Body, Unalias
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import LogEntry, ModelState


def remove_alias(log: ModelLog, alias: str, *, reason: str) -> int | None:
    """Take an alias away; return the version that it pointed to, or None if it was taken away before.

    Args:
        log: the model's log.
        alias: the alias.
        reason: why; kept in the log.

    Raises:
        UsageError: there never was such an alias.
    """
    pointed: int | None = None

    def decide(state: ModelState) -> Body | None:
        nonlocal pointed
        current = state.aliases.get(alias)
        pointed = current.version if current else None
        return None if pointed is None else Unalias(alias=alias, expect=pointed, reason=reason)

    state = log.append(decide)
    if pointed is None and not way_of(log.entries(), alias):
        hint = f"its aliases: {', '.join(sorted(state.aliases))}" if state.aliases else "it has no aliases"
        raise UsageError(f"no alias {alias!r}", where=log.model, hint=hint)
    return pointed


def way_of(entries: Iterable[LogEntry], alias: str) -> list[int]:
    """The versions that an alias came by, oldest first, without those that it went back from.

    The last is where it points, or pointed when it was taken away. Going back twice leads two versions back, and never
    to one that was left for being bad.
    """
    way: list[int] = []
    for entry in entries:
        if isinstance(entry.body, Alias) and entry.body.alias == alias:
            version = entry.body.version
            way = [*(way[: way.index(version)] if version in way else way), version]
    return way


def version_before(state: ModelState, entries: Iterable[LogEntry], alias: str) -> int:
    """The version to which an alias goes back: the last one on its way that still exists, and is another than now.

    Raises:
        UsageError: there is none.
    """
    current = state.aliases.get(alias)
    way = way_of(entries, alias)
    for version in reversed(way):
        if version in state.versions and (current is None or version != current.version):
            return version
    if not way:
        raise UsageError(f"there never was an alias {alias!r}", where=state.model, hint="see mlops-ci models aliases")
    what = f"{alias} pointed to no other version before that still exists"
    raise UsageError(what, where=state.model, hint="say where it shall point with --to")
