"""Resolves an alias in three requests, however long the log is.

They are for the hint, for an entry newer than the hint, and for the version's own entry.
"""

from __future__ import annotations

from dataclasses import fields

from mlops_ci.errors import IntegrityError
from mlops_ci.records.entry import Register
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.fold import require_inside
from mlops_ci.registry.hints import read_hint
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import is_alias, resolve
from mlops_ci.workspace.layout import log_key


def resolve_quickly(log: ModelLog, selector: str) -> ModelVersion:
    """Return the version that a selector means; by the hint if that will do, else by reading the log.

    Raises:
        UsageError: there is none.
        IntegrityError: the log is damaged, or is not the one that was pinned.
    """
    found = _by_hint(log, selector) if log.pin is None and log.folded.head == 0 else None
    return found or resolve(log.read(), selector)


def _by_hint(log: ModelLog, alias: str) -> ModelVersion | None:
    """The version that the hint says an alias points to, if the hint is up to date and the log bears it out."""
    hint = read_hint(log.store, log.model) if is_alias(alias) else None
    version = hint.aliases.get(alias) if hint else None
    if hint is None or version is None or log.store.get(log_key(log.model, hint.head + 1)) is not None:
        return None
    entry = log.entry(version.entry)
    body = entry.body if entry and entry.envelope.seq == version.entry else None
    if not isinstance(body, Register) or _identity(body) != _identity(version):
        raise IntegrityError(
            f"the hint says of v{version.version} what its entry in the log does not",
            where=log.model,
            hint="run mlops-ci workspace check",
        )
    require_inside(body, log_key(log.model, version.entry))
    return version


def _identity(version: Register | ModelVersion) -> tuple[object, ...]:
    """What a version has been from its first entry on."""
    return tuple(getattr(version, name) for name in _LASTING)


_LASTING = sorted({one.name for one in fields(Register)} & {one.name for one in fields(ModelVersion)} - {"tags"})
