"""A model's log in words, entry by entry."""

from __future__ import annotations

from mlops_ci.records.digest import short
from mlops_ci.records.entry import (
    Alias,
    Collect,
    Converted,
    Delete,
    Deployed,
    Described,
    Evaluated,
    Explained,
    Imaged,
    Judged,
    Link,
    Looks,
    Override,
    Protect,
    Register,
    Release,
    Revealed,
    Tag,
    Unalias,
)
from mlops_ci.registry.delete import HOLD
from mlops_ci.registry.state import LogEntry


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
        case Override(version=version, alias=alias, verdict=verdict, reason=reason):
            actor = entry.envelope.actor.name
            return f"v{version}, judged {verdict.outcome}, may be {alias}: overridden by {actor}: {reason}"
        case Alias(alias=alias, version=version, expect=expect, reason=reason, override=override, by_hand=by_hand):
            moved = f"{alias} moved from v{expect} to v{version}" if expect else f"{alias} set to v{version}"
            moved += f", by the override of entry {override}" if override else " by hand" if by_hand else ""
            return moved + _because(reason)
        case Unalias(alias=alias, expect=expect, reason=reason):
            return f"{alias} taken away from v{expect}{_because(reason)}"
        case Tag(version=version, set=tags, remove=removed):
            parts = [f"{name}={value}" for name, value in tags.items()] + [f"without {name}" for name in removed]
            return f"v{version} tagged {', '.join(parts)}"
        case Protect(version=version, deployment=deployment, reason=reason):
            return f"v{version} protected for {deployment.removeprefix(HOLD)}{_because(reason)}"
        case Release(version=version, deployment=deployment, forced=forced, reason=reason):
            force = " by force" if forced else ""
            return f"v{version} released from {deployment.removeprefix(HOLD)}{force}{_because(reason)}"
        case Delete(version=version, reason=reason):
            return f"v{version} deleted{_because(reason)}"
        case Looks(evaluation_set=evaluation_set, looks=looks):
            asked = "1 comparison" if len(looks) == 1 else f"{len(looks)} comparisons"
            return f"a look at evaluation set {short(evaluation_set)}: {asked}"
        case Revealed(evaluation_set=evaluation_set, look=look, passed=passed):
            return f"look {look} at evaluation set {short(evaluation_set)} {'passed' if passed else 'did not pass'}"
        case Collect(attempts=attempts):
            return f"{len(attempts)} unused uploads condemned"
        case Converted(version=version, conversion=conversion):
            return f"v{version} {'converted to ONNX' if conversion.forms else 'not converted to ONNX'}" + _because(
                conversion.reason
            )
        case Explained(version=version):
            return f"v{version} explained"
        case Described(version=version, card=card):
            return f"v{version} described{f': {card.purpose}' if card.purpose else ''}"
        case Imaged(version=version, image=image):
            return f"v{version} in image {image.reference or short(image.digest)}"
        case Deployed(version=version, deployment=deployment, stage=stage, instance=instance, reason=reason):
            at = f" at {instance.url}" if instance and instance.url else ""
            return f"{deployment}: v{version} {stage}{at}{_because(reason)}"
        case None:
            return f"{entry.envelope.op} (written by a newer mlops-ci)"


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
