"""The REST API of Azure DevOps, as far as a repository and its pull requests need it.

Paths, versions and shapes are those of Microsoft's reference, api-version 7.1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import RemoteError
from mlops_ci.hosts.azure.credentials import Credential

_VERSION = "7.1"
_PREVIEW = "7.1-preview"
# A request of a stranger is answered with a page to sign in, as if it were a success, or sent to one.
_SIGN_IN = frozenset({200, 203, 301, 302, 303, 307, 401})
_PATIENCE = 5 * 60.0  # seconds that a job waits in all for limits to pass
_CONTRIBUTE = "PullRequestContribute"


class AzureApi:
    """The requests of one repository of Azure Repos.

    Args:
        collection: the address of the organisation, with a slash at its end.
        project: the name or identifier of the repository's project.
        repository: the repository's identifier or name.
        credential: what is shown.
        sleep: waits between attempts.
    """

    def __init__(
        self,
        collection: str,
        project: str,
        repository: str,
        credential: Credential,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._repository = f"{quote(project, safe='')}/_apis/git/repositories/{quote(repository, safe='')}/"
        self._credential = credential.source
        self._identity: str | None = None
        self._http = Http(
            collection,
            service="Azure DevOps",
            credential=credential.source,
            authorization=credential.authorization,
            # Else who is not known is sent to a page to sign in.
            headers={"X-TFS-FedAuthRedirect": "Suppress"},
            sleep=sleep,
            patience=_PATIENCE,
        )

    @property
    def is_known(self) -> bool:
        """Whether it has been asked already whom the credential belongs to."""
        return self._identity is not None

    @property
    def identity(self) -> str:
        """The identifier of whom the credential belongs to, asked for once."""
        if self._identity is None:
            answer = self._ask("GET", "_apis/connectionData", version=_PREVIEW)
            try:
                self._identity = str(answer["authenticatedUser"]["id"])
            except (KeyError, TypeError) as error:
                raise _odd("_apis/connectionData") from error
        return self._identity

    def one(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        idempotent: bool | None = None,
    ) -> dict[str, Any]:
        """The object that a request below the repository is answered with; empty where the answer is.

        Args:
            method: the method.
            path: relative to the repository.
            params: the query, but for the version.
            body: is sent as JSON; a function makes it anew for each attempt.
            content: is sent as it is, instead.
            idempotent: whether it may be carried out twice.

        Raises:
            ResponseError: it was refused; the hint says which permission or variable to look at.
            RemoteError: there was no answer, or one of another shape.
            OutcomeUnknownError: the reply to a request that must not be repeated got lost.
        """
        answer = self._ask(
            method, self._repository + path, params=params, body=body, content=content, idempotent=idempotent
        )
        if answer is None:
            return {}
        if not isinstance(answer, dict):
            raise _odd(path)
        return answer

    def many(self, path: str, params: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The objects of a list below the repository.

        Raises:
            ResponseError: it was refused.
            RemoteError: there was no answer, or one of another shape.
        """
        items = self.one("GET", path, params=params).get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise _odd(path)
        return items

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        idempotent: bool | None = None,
        version: str = _VERSION,
    ) -> Any:
        try:
            return self._http.json(
                method,
                path,
                params={**(params or {}), "api-version": version},
                body=body,
                content=content,
                headers={"Content-Type": "application/octet-stream"} if content is not None else None,
                idempotent=idempotent,
            )
        except ResponseError as error:
            raise self._explained(error) from error

    def _explained(self, error: ResponseError) -> ResponseError:
        if error.status in _SIGN_IN:
            what = "Azure DevOps does not accept the credential"
            hint = f"check {self._credential}: it may have expired, or belong to another organisation"
        elif error.status == 403 and _CONTRIBUTE in str(error.document.get("message")):
            what = error.what
            hint = 'allow "Contribute to pull requests" to the build service in the security settings of the repository'
        else:
            return error
        return ResponseError(
            what, status=error.status, document=error.document, headers=error.headers, where=error.where, hint=hint
        )


def text_of(item: Mapping[str, Any], *path: str) -> str:
    """A text in nested objects; empty where it is not there."""
    found: Any = item
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def number_of(item: Mapping[str, Any], name: str = "id") -> int:
    """A whole number of an object.

    Raises:
        RemoteError: it is not there.
    """
    found = item.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise _odd(name)
    return found


def _odd(what: str) -> RemoteError:
    hint = "check the address of the organisation"
    return RemoteError("Azure DevOps answered with something else than its reference says", where=what, hint=hint)
