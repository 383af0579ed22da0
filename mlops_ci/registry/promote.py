"""Moves aliases. A promotion by ``ci`` never goes backwards; going back is always said explicitly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from mlops_ci.errors import ConflictError
from mlops_ci.records.entry import Alias, Body, VerdictReference
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState

IsAncestor = Callable[[str, str], bool]
Promoted = Literal["promoted", "unchanged", "superseded"]


class Anywhere(Enum):
    """Says that an alias may be moved from wherever it points."""

    ANYWHERE = "anywhere"


class BaselineMovedError(ConflictError):
    """The alias no longer points to the version that the verdict compared with: judge again."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A judged version on its way to an alias.

    ``commit`` is the commit that asks (the version's own, or one linked to it); ``expect`` the version that the
    verdict compared with (None: there was none).
    """

    alias: str
    version: int
    commit: str | None
    expect: int | None
    verdict: VerdictReference


def promote_judged(log: ModelLog, request: Promotion, *, is_ancestor: IsAncestor) -> Promoted:
    """Move an alias to a version that passed the gate, if its commit descends from the present one's.

    Raises:
        BaselineMovedError: somebody else moved the alias meanwhile.
        ConflictError: history diverged, or other bytes were judged than are registered.
    """
    outcome: Promoted = "promoted"

    def decide(state: ModelState) -> Body | None:
        nonlocal outcome
        outcome = "promoted"
        candidate = state.require(request.version)
        if request.verdict.candidate != candidate.digest or request.verdict.outcome != "pass":
            raise ConflictError(f"no passing verdict on v{request.version}", where=log.model, hint="run the gate again")
        current = state.aliases.get(request.alias)
        if current and current.version == request.version:
            outcome = "unchanged"
            return None
        if is_superseded(state, request.alias, request.version, request.commit, is_ancestor):
            outcome = "superseded"
            return None
        if (current.version if current else None) != request.expect:
            raise BaselineMovedError(f"{request.alias} moved while v{request.version} was judged", where=log.model)
        return Alias(
            alias=request.alias,
            version=request.version,
            expect=request.expect,
            commit=request.commit,
            verdict=request.verdict,
            by_hand=False,
        )

    log.append(decide)
    return outcome


def is_superseded(state: ModelState, alias: str, version: int, commit: str | None, is_ancestor: IsAncestor) -> bool:
    """Whether a newer commit, or the same one with newer data, has settled the alias already.

    Args:
        state: the model's state.
        alias: the alias.
        version: the version that wants it.
        commit: the commit it is wanted for.
        is_ancestor: whether a commit is an ancestor of another, or the same.

    Raises:
        ConflictError: neither commit descends from the other.
    """
    current = state.aliases.get(alias)
    if current is None or current.commit is None or commit is None:
        return False  # trained elsewhere: there is no descent to compare
    champion = state.versions[current.version]
    if commit == current.commit:
        return (state.require(version).data_time or "") < (champion.data_time or "")
    # A newer commit may have come back to the champion's recipe, which leaves a link and moves no alias.
    settled = (current.commit, *reversed(champion.links))
    if any(commit != other and is_ancestor(commit, other) for other in settled):
        return True
    if is_ancestor(current.commit, commit):
        return False
    raise ConflictError(
        f"commit {commit[:7]} does not descend from {current.commit[:7]}, the commit of {alias} v{current.version}",
        where=state.model,
        hint="history was rewritten; to go on from here: mlops-ci promote "
        f"{state.model}@v{version} --reason 'history was rewritten'",
    )


def move_alias(
    log: ModelLog,
    alias: str,
    version: int,
    *,
    rollback: bool,
    reason: str | None,
    expect: int | Anywhere | None = Anywhere.ANYWHERE,
) -> Promoted:
    """Move an alias by a person's decision.

    Args:
        log: the model's log.
        alias: the alias.
        version: where it shall point.
        rollback: allow an older version than the present one.
        reason: why; kept in the log.
        expect: refuse unless the alias points there now (None: unless it does not exist yet).

    Raises:
        ConflictError: the version is older and ``rollback`` is not set, or ``expect`` does not hold.
    """
    outcome: Promoted = "promoted"

    def decide(state: ModelState) -> Body | None:
        nonlocal outcome
        target = state.require(version)
        current = state.aliases.get(alias)
        points_to = current.version if current else None
        if expect is not Anywhere.ANYWHERE and points_to != expect:
            now, wanted = (f"v{one}" if one else "nothing" for one in (points_to, expect))
            hint = "look again, then decide"
            raise ConflictError(f"{alias} points to {now}, not to {wanted}", where=log.model, hint=hint)
        if current and current.version == version:
            outcome = "unchanged"
            return None
        if current and version < current.version and not rollback:
            raise ConflictError(
                f"v{version} is older than v{current.version}, which {alias} points to",
                where=log.model,
                hint="say --rollback to go back",
            )
        newest = [judgement for judgement in target.judgements if judgement.outcome == "pass"]
        return Alias(
            alias=alias,
            version=version,
            expect=current.version if current else None,
            commit=target.commit,
            verdict=VerdictReference(newest[-1].seq, target.digest, newest[-1].outcome) if newest else None,
            reason=reason,
            by_hand=True,
        )

    log.append(decide)
    return outcome
