"""Tokens, and what they permit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["github-token", "pat", "app"]
_INTEGRATION = "Resource not accessible by integration"
_LEVELS = ("read", "write", "admin")


@dataclass(frozen=True)
class Identity:
    """Who acts with tokens of a kind."""

    login: str
    id: int
    type: str
    app: tuple[int, str] | None
    """The number and the name of the app that it is."""
    refusal: str


IDENTITIES: dict[Kind, Identity] = {
    "github-token": Identity("github-actions[bot]", 41898282, "Bot", (15368, "github-actions"), _INTEGRATION),
    "app": Identity("model-ci[bot]", 200_000_001, "Bot", (900_001, "model-ci"), _INTEGRATION),
    "pat": Identity("octocat", 583231, "User", None, "Resource not accessible by personal access token"),
}


@dataclass(frozen=True)
class Token:
    """A secret; what it permits is told by repository, such as ``{"acme/ml": {"pull-requests": "write"}}``."""

    secret: str
    kind: Kind
    permissions: Mapping[str, Mapping[str, str]]

    @property
    def identity(self) -> Identity:
        """Who acts with it."""
        return IDENTITIES[self.kind]

    def knows(self, repository: str) -> bool:
        """Whether it was made for a repository, too."""
        return repository in self.permissions

    def permits(self, repository: str, name: str, level: str) -> bool:
        """Whether it may read or write a kind of thing; ``pull-requests`` is written ``pull_requests`` by the API."""
        granted = self.permissions.get(repository, {})
        held = granted.get(name, granted.get(name.replace("_", "-"), ""))
        return held in _LEVELS and _LEVELS.index(held) >= _LEVELS.index(level)
