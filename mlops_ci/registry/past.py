"""Where the aliases pointed when each version was decided on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops_ci.records.entry import Alias, Judged, Register, Unalias
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.state import LogEntry


@dataclass(frozen=True, slots=True)
class Moment:
    """When a version was decided on: by which entry, on which verdict, and which version each alias meant before."""

    version: int
    seq: int
    aliases: Mapping[str, int]
    verdict: Verdict | None = None
    promoted: bool = False


def moments(entries: Iterable[LogEntry], alias: str) -> dict[int, Moment]:
    """For each version, the moment that decided on it.

    That is the verdict on which it was given the alias, or else its newest verdict, or else its registration. A verdict
    on a version that was given the alias before (other rules, other rows) decides nothing any more.
    """
    found: dict[int, Moment] = {}
    verdicts: dict[int, Moment] = {}
    aliases: dict[str, int] = {}
    for entry in entries:
        seq, body = entry.envelope.seq, entry.body
        match body:
            case Register(version=version):
                found[version] = Moment(version, seq, dict(aliases))
            case Judged(version=version, verdict=verdict):
                verdicts[seq] = Moment(version, seq, dict(aliases), verdict)
                if not (version in found and found[version].promoted):
                    found[version] = verdicts[seq]
            case Alias(alias=moved, version=version, verdict=on):
                if moved == alias and version in found and not found[version].promoted:
                    last = verdicts.get(on.seq) if on else None
                    then = last or found[version]
                    found[version] = Moment(version, then.seq, then.aliases, then.verdict, promoted=True)
                aliases[moved] = version
            case Unalias(alias=gone):
                aliases.pop(gone, None)
    return found
