"""What another registry holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_ci.errors import RemoteError


class GoneError(RemoteError):
    """The files of a version are not there any more, or nowhere where we can read them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from, as far as its registry still knows."""

    commit: str | None = None
    author: str | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForeignVersion:
    """A version of a model in another registry.

    Args:
        model: its model's name there.
        version: its number or name there.
        identity: what makes it this version and no other, wherever its registry is reached.
        created: when, in ISO 8601.
        description: what people wrote about it.
        run: the run that made it.
        tags: its tags there, and what else its registry says of it in one word.
        origin: looks up where it comes from.
        fetch: writes its files into an empty folder; raises :class:`GoneError` if they are gone.
    """

    model: str
    version: str
    identity: tuple[str, ...]
    created: str | None
    description: str | None
    run: str | None
    tags: dict[str, str]
    origin: Callable[[], Origin]
    fetch: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """A model in another registry: its versions, oldest first, and which version each alias names.

    ``notes`` are what a person should know of it and no record can carry.
    """

    name: str
    versions: tuple[ForeignVersion, ...]
    aliases: dict[str, str]
    notes: tuple[str, ...] = ()


class ForeignRegistry(Protocol):
    """A registry to import from. ``kind`` is the word that its tags start with."""

    @property
    def kind(self) -> str:
        """The word that tags of imported versions start with."""
        ...

    @property
    def where(self) -> str:
        """Where it is, without credentials."""
        ...

    def names(self) -> Iterator[str]:
        """The names of its models, sorted."""
        ...

    def read(self, name: str) -> ForeignModel | None:
        """A model; None where there is none of that name."""
        ...
