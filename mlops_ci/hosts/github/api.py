"""The REST API of GitHub, below one repository. https://docs.github.com/rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import RemoteError

API = "https://api.github.com"
PATIENCE = 15 * 60.0
"""Seconds that a job waits in all for limits to pass; GitHub's last up to an hour."""
_MOST_PAGES = 100
_FORBIDDEN = "not accessible by"
OF_A_PERSON = "personal access token"
"""What GitHub's refusals say of such a token."""
_ACCEPTED = re.compile(r"([a-z_]+)=(read|write|admin)")
_INSTALLATION = "ghs_"


class GitHubApi:
    """Requests about a repository.

    Args:
        token: of the job, of an app or of a person.
        repository: ``owner/name``.
        base: the address of the API, where it is not GitHub's own.
        patience: how many seconds to wait in all for limits to pass.
        sleep: waits.
        clock: tells the time (epoch seconds).
    """

    def __init__(
        self,
        token: str,
        repository: str,
        *,
        base: str | None = None,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.repository = repository
        self._is_installation = token.startswith(_INSTALLATION)
        self._http = Http(
            base or API,
            service="GitHub",
            credential="MLOPS_CI_TOKEN or GITHUB_TOKEN",
            authorization=f"Bearer {token}",
            headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
            sleep=sleep,
            clock=clock,
            patience=patience,
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        needs: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        idempotent: bool | None = None,
    ) -> Any:
        """The JSON of an answer.

        Args:
            method: the method.
            path: below the repository.
            needs: the permission that it takes, as a workflow writes it: ``pull-requests: write``.
            params: the query.
            body: is sent as JSON; a function makes it anew for each attempt.
            idempotent: whether it may be carried out twice; by default as HTTP says of the method.

        Raises:
            ResponseError: GitHub refused; where a permission is missing, the error names it.
            RemoteError: it cannot be reached, or its limits last longer than we wait.
            OutcomeUnknownError: the reply to a request that must not be repeated got lost.
        """
        with _explained(needs):
            return self._http.json(method, self._below(path), params=params, body=body, idempotent=idempotent)

    def pages(self, path: str, *, needs: str, params: Mapping[str, str] | None = None) -> Iterator[Any]:
        """The JSON of all pages of a list.

        Raises:
            ResponseError: GitHub refused; where a permission is missing, the error names it.
            RemoteError: it cannot be reached, or the list has no end.
        """
        with _explained(needs):
            yield from self._http.pages(
                self._below(path), params={"per_page": "100", **(params or {})}, most=_MOST_PAGES
            )

    def person(self) -> str | None:
        """The login that a personal token belongs to; None for a token of a job or an app, which have none."""
        if self._is_installation:
            return None
        try:
            login = value(self._http.json("GET", "user"), "login")
        except ResponseError as error:
            if error.status == 403:
                return None
            raise
        return login if isinstance(login, str) else None

    def _below(self, path: str) -> str:
        return f"repos/{self.repository}/{path}"


def value(document: Any, *path: str) -> Any:
    """What an answer says somewhere in it; None where it does not."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def items(document: Any) -> list[Any]:
    """A page of a list.

    Raises:
        RemoteError: it is none.
    """
    if not isinstance(document, list):
        raise RemoteError("GitHub answered with something else than a list", hint="check GITHUB_API_URL")
    return document


def message(error: ResponseError) -> str:
    """What GitHub says of a refusal, in lower case."""
    said = error.document.get("message")
    return said.lower() if isinstance(said, str) else ""


@contextmanager
def _explained(needs: str) -> Iterator[None]:
    """Say of a refusal which permission it takes."""
    try:
        yield
    except ResponseError as error:
        if error.status == 403 and _FORBIDDEN in message(error):
            wanted = _permission(error.headers.get("X-Accepted-GitHub-Permissions", ""), needs)
            error.what = f"the token may not do this on GitHub: it lacks {wanted}"
            job = f"give the job permissions: {{{wanted}}}; a fork's job cannot have it and leaves a report instead"
            error.hint = f"give the token {wanted}" if OF_A_PERSON in message(error) else job
        elif error.status == 403 and "locked" in message(error):
            error.hint = "unlock its conversation, or read the report in the summary of the run"
        elif error.status == 404:
            error.hint = "check the repository and the number, and that the token may see them"
        raise


def _permission(accepted: str, needs: str) -> str:
    """The permissions that GitHub names, as a workflow writes them; what we know of where it names none.

    The header has alternatives with ``;`` between them, and what belongs together with ``,``.
    """
    alternatives = [
        ", ".join(f"{name.replace('_', '-')}: {level}" for name, level in _ACCEPTED.findall(part) if name != "metadata")
        for part in accepted.split(";")
    ]
    named = [part for part in alternatives if part]
    # Of what we know that it is written, GitHub would first ask to read it, and then to write.
    known = any(part.startswith(needs.partition(" ")[0]) for part in named)
    return needs if known or not named else named[0]
