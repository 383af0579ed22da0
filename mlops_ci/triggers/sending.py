"""Sends the requests that a kind has made, and says what went wrong in terms of the receiver."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_ci.edge.http_delivery import DeliveryHttp
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MlopsError, OutcomeUnknownError, RemoteError, UsageError
from mlops_ci.project.addresses import address_problem
from mlops_ci.project.receivers import Receiver
from mlops_ci.triggers.call import Call, Talk

# What is refused so is refused again, until somebody changes mlops.yaml or the receiver.
_CONFIGURATION = frozenset({400, 404, 405, 410, 413, 415, 422})
_HINTS = {
    400: "the receiver does not understand the event",
    404: "check the address",
    410: "the receiver is gone",
    413: "the receiver takes no event of this size",
}


class Sender:
    """Sends to one receiver.

    Args:
        receiver: who it is; errors name it.
        secret: the value of its variable.
        sleep: waits between attempts.
    """

    def __init__(self, receiver: Receiver, secret: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._receiver = receiver
        self._secret = secret
        self._sleep = sleep

    def carry_out(self, talk: Talk) -> str | None:
        """Send the requests of a talk, each with the answer to the one before, and return its receipt.

        Raises:
            UsageError: ``mlops.yaml``, a variable or the receiver has to change.
            RemoteError: the receiver refused, or cannot be reached.
            OutcomeUnknownError: it may have heard or not.
        """
        shown = Redactor(_hidden([self._secret]))
        try:
            call = next(talk)
            while True:
                shown = Redactor(_hidden([self._secret, *(call.headers[name] for name in call.secret_headers)]))
                call = talk.send(self._post(call, shown))
        except StopIteration as end:
            receipt: str | None = end.value
            return receipt
        except MlopsError as error:
            # A new one without cause: whatever it came from has seen the request.
            raise self._told(error, shown) from None

    def _told(self, error: MlopsError, redact: Redactor) -> MlopsError:
        kinds: tuple[type[MlopsError], ...] = (OutcomeUnknownError, UsageError, RemoteError)
        kind = next((kind for kind in kinds if isinstance(error, kind)), MlopsError)
        hint = redact(error.hint) if error.hint else None
        return kind(redact(error.what), where=f"trigger {self._receiver.name}", hint=hint)

    def _post(self, call: Call, redact: Redactor) -> Any:
        variable = self._receiver.to.variable
        if problem := address_problem(call.url):
            raise UsageError(problem[0], hint=problem[1])
        parts = urlsplit(call.url)
        base = f"{parts.scheme}://{parts.netloc}/"
        http = DeliveryHttp(base, service=call.service, credential=variable, redact=redact, sleep=self._sleep)
        # A colon in the first part of a path would make a scheme of it.
        path = f"./{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")
        try:
            answer = http.deliver(call.method, path, content=call.body, headers=call.headers)
        except ResponseError as error:
            raise _refused(call, error) from None
        if call.headers.get("Accept") and answer.lstrip()[:1] == b"<":
            raise RemoteError(f"{call.service} answered with a page for people", hint=call.hints.get(401))
        try:
            return json.loads(answer) if answer.strip() else None
        except (ValueError, RecursionError):
            return None


def _refused(call: Call, error: ResponseError) -> MlopsError:
    hint = call.hints.get(error.status) or _HINTS.get(error.status) or error.hint
    kind = UsageError if error.status in _CONFIGURATION else RemoteError
    return kind(error.what, hint=hint)


def _hidden(values: Iterable[str]) -> Iterable[str]:
    """All that gives a secret away: of an address its path and query, too; of a header the credential alone."""
    for value in values:
        yield value
        yield value.rpartition(" ")[2]
        if "://" in value:
            parts = urlsplit(value)
            yield from (parts.path, unquote(parts.path), parts.query)
            yield from parts.path.split("/")
