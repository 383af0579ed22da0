"""Sends what somebody is to hear of, and takes a yes for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import PassingError
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError

_LARGEST_ANSWER = 1 << 20


class DeliveryHttp(Http):
    """A client of a receiver.

    Args:
        base: the address that paths are relative to.
        service: what it is called in messages.
        credential: the variable to check where access is refused.
        redact: takes what must not be seen out of what the receiver says, before that is cut short.
        sleep: waits between attempts.
    """

    def __init__(
        self, base: str, *, service: str, credential: str, redact: Redactor, sleep: Callable[[float], None]
    ) -> None:
        super().__init__(base, service=service, credential=credential, sleep=sleep)
        self._redact = redact

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

        return self._retries(once, again=method == "GET")
