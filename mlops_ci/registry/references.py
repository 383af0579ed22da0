"""References to versions: ``model@alias``, ``model@v12``, ``model@12``, ``model@<sha>``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_ci.errors import UsageError
from mlops_ci.project.names import require_alias, require_model_name
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState

_NUMBER = re.compile(r"v?([0-9]{1,18})")
_SHA = re.compile(r"(?=.*[a-f])[0-9a-f]{7,40}|[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A model and what selects one of its versions: a number, a commit, or an alias."""

    model: str
    selector: str

    def __str__(self) -> str:
        return f"{self.model}@{self.selector}"


def parse_reference(text: str) -> Reference:
    """Parse ``model@selector``.

    Raises:
        UsageError: it is not of that form.
    """
    model, at, selector = text.partition("@")
    if not model or not at or not selector:
        raise UsageError(
            "not a reference", where=repr(text[:80]), hint="write MODEL@champion, MODEL@v12 or MODEL@<sha>"
        )
    require_model_name(model)
    if is_alias(selector):
        require_alias(selector)
    return Reference(model, selector)


def is_alias(selector: str) -> bool:
    """Whether a selector is neither a number nor a commit."""
    return not _NUMBER.fullmatch(selector) and not _SHA.fullmatch(selector)


def resolve(state: ModelState, selector: str) -> ModelVersion:
    """Return the version that a selector means; a commit means its newest version, through links too.

    Raises:
        UsageError: there is none, or an abbreviated SHA means several commits.
    """
    where = f"{state.model}@{selector}"
    require_known(state)
    if match := _NUMBER.fullmatch(selector):
        number = int(match[1])
        version = state.versions.get(number)
        if version is None:
            if number in state.deleted:
                raise UsageError(f"v{number} was deleted", where=where, hint=f"mlops-ci models why {where} tells of it")
            raise UsageError(f"no version {number}", where=where, hint=f"the newest is v{state.last_version}")
        return version
    if _SHA.fullmatch(selector):
        return _by_commit(state, selector, where)
    found = state.alias(selector)
    if found is None:
        hint = f"its aliases: {', '.join(sorted(state.aliases))}" if state.aliases else "it has no aliases yet"
        raise UsageError(f"no alias {selector!r}", where=where, hint=hint)
    return found


def require_known(state: ModelState) -> ModelState:
    """Return the state of a model that exists.

    Raises:
        UsageError: nothing was ever registered under that name.
    """
    if not state.versions and not state.deleted:
        raise UsageError(f"unknown model {state.model!r}", hint="mlops-ci models list shows them all")
    return state


def _by_commit(state: ModelState, prefix: str, where: str) -> ModelVersion:
    found: dict[str, int] = {}
    for number, version in state.versions.items():
        for commit in (version.commit, *version.links):
            if commit and commit.startswith(prefix):
                found[commit] = max(number, found.get(commit, 0))
    if not found:
        raise UsageError(
            f"no version of commit {prefix}", where=where, hint=f"see mlops-ci models history {state.model}"
        )
    if len(found) > 1:
        raise UsageError("the SHA is ambiguous", where=where, hint=f"it may be {' or '.join(sorted(found))}")
    return state.versions[next(iter(found.values()))]
