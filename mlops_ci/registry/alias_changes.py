"""What entries about aliases change of versions. Pure, for the fold."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import IntegrityError
from mlops_ci.records.entry import Alias, Unalias
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState


def moved(state: ModelState, version: ModelVersion, body: Alias, where: str) -> tuple[ModelVersion, ...]:
    """The versions that an alias leaves and reaches, as they are after it.

    Raises:
        IntegrityError: it was not there; or its verdict is none, or on other bytes.
    """
    current = state.aliases.get(body.alias)
    if (current.version if current else None) != body.expect:
        raise IntegrityError(f"alias {body.alias} moved from where it was not", where=where)
    if body.verdict and body.verdict.candidate != version.digest:
        raise IntegrityError(f"alias {body.alias} moved to another model than the one judged", where=where)
    if body.verdict and body.verdict.seq not in {judgement.seq for judgement in version.judgements}:
        raise IntegrityError(f"alias {body.alias} moved on a verdict that does not exist", where=where)
    if body.override is not None:
        found = next((one for one in version.overrides if one.seq == body.override), None)
        if found is None or found.alias != body.alias or body.verdict is None or body.verdict.seq != found.verdict:
            raise IntegrityError(f"alias {body.alias} moved on an override that does not exist", where=where)
    now = replace(version, aliases=tuple(sorted({*version.aliases, body.alias})))
    if current is None or current.version == version.version:
        return (now,)
    return _stripped(state.versions[current.version], body.alias), now


def taken_away(state: ModelState, body: Unalias, where: str) -> ModelVersion:
    """The version that an alias was taken away from, as it is after that.

    Raises:
        IntegrityError: the alias was not there.
    """
    current = state.aliases.get(body.alias)
    if current is None or current.version != body.expect:
        raise IntegrityError(f"alias {body.alias} taken away from where it was not", where=where)
    return _stripped(state.versions[current.version], body.alias)


def _stripped(version: ModelVersion, alias: str) -> ModelVersion:
    return replace(version, aliases=tuple(name for name in version.aliases if name != alias))
