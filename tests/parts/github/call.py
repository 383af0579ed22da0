"""A request that was found sound and permitted, and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from tests.parts.github.repository import Repository
from tests.parts.github.tokens import Identity, Token
from tests.parts.loopback import Answer

_GITHUB = "https://api.github.com"
# The repositories of GitHub's own examples.
_EXAMPLES = ("octocat/Hello-World", "github/hello-world", "octocat/example")
_KIND = {"Content-Type": "application/json; charset=utf-8"}

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """What is wanted of a repository. ``path`` holds the values in the path, ``rest`` the path below the repository."""

    repository: Repository
    token: Token
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    rest: str
    url: str
    example: Callable[[str], str]

    @property
    def author(self) -> Identity:
        """Who asks."""
        return self.token.identity

    def link(self, rest: str) -> str:
        """The address of something below this repository."""
        return f"{self.url}/repos/{self.repository.full_name}/{rest}"

    def page_url(self, rest: str) -> str:
        """The address of its page for people."""
        return f"https://github.com/{self.repository.full_name}/{rest}"

    def shaped(self, name: str) -> dict[str, Any]:
        """One of GitHub's own examples, as if of this repository; of a list, its first item."""
        text = self.example(name).replace(_GITHUB, self.url)
        for example in _EXAMPLES:
            text = text.replace(example, self.repository.full_name)
        value = json.loads(text)
        shape: dict[str, Any] = value[0] if isinstance(value, list) else value
        return shape

    def user(self, shape: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
        """Somebody, in the shape of a user."""
        old = shape["login"]
        named: dict[str, Any] = json.loads(json.dumps(shape).replace(f"/{old}", f"/{quote(identity.login)}"))
        return {**named, "login": identity.login, "id": identity.id, "type": identity.type, "site_admin": False}

    def paged(self, items: Sequence[T], show: Callable[[T], Any], wrap: str | None = None) -> Answer:
        """The page of items that is asked for; ``wrap`` names the field of an answer that counts them, too."""
        size, page = int(self.query.get("per_page", "30")), int(self.query.get("page", "1"))
        shown = [show(each) for each in items[(page - 1) * size : page * size]]
        last = max(1, -(-len(items) // size))
        wanted = {
            **({"prev": page - 1, "first": 1} if page > 1 else {}),
            **({"next": page + 1, "last": last} if page < last else {}),
        }
        links = ", ".join(f'<{self._page(number)}>; rel="{name}"' for name, number in wanted.items())
        body = shown if wrap is None else {"total_count": len(items), wrap: shown}
        return answered(200, body, {"Link": links} if links else {})

    def _page(self, number: int) -> str:
        # GitHub's own links name a repository by its number.
        return f"{self.url}/repositories/{self.repository.id}/{self.rest}?{urlencode({**self.query, 'page': number})}"


def answered(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), {**_KIND, **(headers or {})})


def refused(status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
    """A refusal, as GitHub words all of them."""
    body = {"message": message, **more, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return answered(status, body, headers)


def not_found() -> Answer:
    """What is not there, or must not be seen."""
    return refused(404, "Not Found")
