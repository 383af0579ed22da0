"""Requests of a protocol in which status and headers count as much as the answer, such as that of image registries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mlops_ci.edge.http import Http
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: its status, headers and body, and the address that a relative ``Location`` is relative to."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class ExchangeHttp(Http):
    """A client that shows the whole reply, and whose authorization can be negotiated."""

    def authorize(self, value: str) -> None:
        """Send this ``Authorization`` from now on."""
        self._authorization = value
        self._redact = Redactor([value, value.rpartition(" ")[2]])

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | Path | None = None,
        limit: int = 0,
    ) -> Reply:
        """Make a request once; a file is sent in bounded memory.

        Redirects of a GET are followed, to another host without the credential.

        Raises:
            PassingError: another attempt may succeed: see :meth:`repeatedly`.
            ResponseError: the service refused.
            RemoteError: it cannot be reached, or answers with more than ``limit`` bytes.
        """
        if isinstance(content, Path):
            with content.open("rb") as file:
                # An empty file object would be sent in chunks, which not every server takes.
                return self._exchange(method, path, params, headers, file if content.stat().st_size else b"", limit)
        return self._exchange(method, path, params, headers, content, limit)

    def repeatedly(self, once: Callable[[], T]) -> T:
        """What requests come to that may be made again from the first of them on."""
        return self._retries(once, again=True)

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: object,
        limit: int,
    ) -> Reply:
        with self._open(
            method, path, elsewhere=method == "GET", params=params, headers=headers, data=content
        ) as response:
            data = b"" if method == "HEAD" else self._read(response, limit + 1)
            if limit and len(data) > limit:
                raise RemoteError(f"{self._service} answered with more than {limit:,} bytes", where=self._at(path))
            return Reply(response.status_code, response.headers, data)
