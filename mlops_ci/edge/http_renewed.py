"""A client of a service whose credential is a token that expires, and whose headers matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from mlops_ci.edge.http import LARGEST_JSON, Http
from mlops_ci.edge.http_address import leading_to
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.redaction import Redactor

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: its status, headers (by any case of their names), and JSON, None where it is empty."""

    status: int
    headers: Mapping[str, str]
    document: Any


class RenewingHttp(Http):
    """A client that asks for a token before each request.

    Args:
        base: the address that paths are relative to.
        service: what it is called in messages.
        credential: what to check where access is refused.
        token: a token that is valid now; it may be one that it gave before.
        sleep: waits between attempts.
    """

    def __init__(
        self, base: str, *, service: str, credential: str, token: Callable[[], str], sleep: Callable[[float], None]
    ) -> None:
        super().__init__(base, service=service, credential=credential, sleep=sleep)
        self._token = token

    def reply(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None) -> Reply:
        """What a request is answered with, which must be one that may be carried out twice.

        Raises:
            ResponseError: the service refused.
            RemoteError: it cannot be reached, or answers with something else than JSON.
        """

        def once() -> Reply:
            try:
                return attempt()
            except ResponseError as error:
                # A token may expire on its way; if there is no newer one, it is not that.
                if error.status != 401 or self._authorization == self._bearer():
                    raise
            return attempt()

        def attempt() -> Reply:
            sent = {} if body is None else {"json": body}
            with self._open(method, path, params=params, **sent) as response:
                document = self._document(response, path, LARGEST_JSON)
                return Reply(response.status_code, response.headers, document)

        return self._retries(once, again=True)

    def following(self, path: str, target: str) -> str:
        """An address to which an answer leads, if the credential may be sent there.

        Raises:
            RemoteError: it is none.
            ResponseError: it is another service's.
        """
        parts = leading_to(self._at(path), target, self._service)
        if not self._is_ours(parts):
            what = f"{self._service} leads to another address"
            raise ResponseError(what, status=0, document={}, headers={}, where=parts.hostname)
        return parts.geturl()

    def _ask(
        self, method: str, url: str, params: Mapping[str, str] | None, further: Mapping[str, str], body: dict[str, Any]
    ) -> requests.Response:
        parts: SplitResult = urlsplit(url)
        if self._is_ours(parts):
            self._authorization = self._bearer()
        return super()._ask(method, url, params, further, body)

    def _bearer(self) -> str:
        token = self._token()
        self._redact = Redactor([token])
        return f"Bearer {token}"
