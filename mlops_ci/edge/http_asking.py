"""Asks a server that we run what it has to say, whatever that is: refusals are answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_ci.edge.http import LARGEST_JSON, Http
from mlops_ci.edge.http_failures import PassingError

if TYPE_CHECKING:
    import requests


class AskingHttp(Http):
    """A client that takes any status for an answer, and asks once.

    Args:
        base: the address that paths are relative to.
        service: what it is called in messages.
    """

    def __init__(self, base: str, *, service: str) -> None:
        super().__init__(base, service=service, credential="the keys of the server")

    def ask(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """The status and the body, cut at 32 MiB.

        Raises:
            RemoteError: there is no whole answer.
        """
        try:
            with self._open(method, path, headers=headers, data=content) as response:
                return response.status_code, self._read(response, LARGEST_JSON)
        except PassingError as failure:
            raise failure.error from failure

    def _timeouts(self, method: str) -> tuple[float, float]:
        # Whether it is well is said at once, or it is not; a model may take its time to answer.
        return (5.0, 5.0) if method == "GET" else (5.0, 60.0)

    def _require_success(self, response: requests.Response, path: str) -> None:
        pass
