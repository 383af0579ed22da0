"""Asks a server on this machine, whose every answer counts, refusals as well."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import PassingError
from mlops_ci.errors import RemoteError

_LARGEST = 64 << 20


class LoopbackHttp(Http):
    """A client of a server on this machine: no proxy is between them."""

    def __init__(self, port: int, *, service: str) -> None:
        super().__init__(f"http://127.0.0.1:{port}", service=service, credential="its keys")
        self._session.trust_env = False

    def answer(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Ask once; the status and the body.

        Raises:
            RemoteError: it does not answer, or with too much.
        """
        try:
            with self._ask(method, urljoin(self.base, path.lstrip("/")), None, headers or {}, {"data": content}) as got:
                data = self._read(got, _LARGEST + 1)
                status = got.status_code
        except PassingError as error:
            raise error.error from error
        finally:
            self._session.close()
        if len(data) > _LARGEST:
            raise RemoteError(f"{self._service} answered with more than {_LARGEST:,} bytes", where=self._at(path))
        return status, data
