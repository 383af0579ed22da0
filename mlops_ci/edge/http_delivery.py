"""Sends what somebody is to hear of, and takes a yes for an answer."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import PassingError
from mlops_ci.errors import RemoteError

_LARGEST_ANSWER = 1 << 20


class DeliveryHttp(Http):
    """A client of a receiver."""

    def deliver(self, method: str, path: str, *, content: bytes, headers: Mapping[str, str]) -> bytes:
        """What a request is answered with, whatever it is, cut at a mebibyte.

        Once the receiver has said yes, an answer that breaks off is a yes still. Anything but a GET is repeated only
        where it has certainly not been carried out.

        Raises:
            ResponseError: the receiver refused.
            RemoteError: it cannot be reached.
            OutcomeUnknownError: it may have heard or not.
        """

        def once() -> bytes:
            with self._open(method, path, headers=headers, data=content) as response:
                try:
                    return self._read(response, _LARGEST_ANSWER)
                except (PassingError, RemoteError):
                    if method == "GET":
                        raise
                    return b""

        return self._repeat(once, again=method == "GET")
