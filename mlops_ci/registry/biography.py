"""A model's log in words, entry by entry."""

from __future__ import annotations

from mlops_ci.records.entry import Alias, Evaluated, Judged, Link, Register, Tag
from mlops_ci.registry.fold import LogEntry


def describe(entry: LogEntry) -> str:
    """One entry in a sentence."""
    match entry.body:
        case Register(version=version, commit=commit):
            return f"v{version} registered{f' from commit {commit[:7]}' if commit else ''}"
        case Link(version=version, commit=commit):
            return f"commit {commit[:7]} makes v{version} too"
        case Evaluated(version=version, evaluation=evaluation):
            rows = f" on {evaluation.rows:,} rows" if evaluation.rows else ""
            return f"v{version} evaluated anew{rows}"
        case Judged(version=version, verdict=verdict):
            return f"v{version} judged, {verdict.outcome}: {verdict.summary}"
        case Alias(alias=alias, version=version, expect=expect, reason=reason):
            moved = f"{alias} moved from v{expect} to v{version}" if expect else f"{alias} set to v{version}"
            return moved + (f": {reason}" if reason else "")
        case Tag(version=version, set=tags, remove=removed):
            parts = [f"{name}={value}" for name, value in tags.items()] + [f"without {name}" for name in removed]
            return f"v{version} tagged {', '.join(parts)}"
        case None:
            return f"{entry.envelope.op} (written by a newer mlops-ci)"
