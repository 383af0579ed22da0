"""From what goes wrong with a request to one line that says what to do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_ci.edge.http_limits import limit_of, retry_after
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError

if TYPE_CHECKING:
    import requests

_PASSING = frozenset({500, 502, 503, 504})
_MAYBE_DONE = frozenset({502, 504})  # a proxy gave up waiting; what is behind it may have done the work
_LONGEST_QUOTE = 200


class ResponseError(RemoteError):
    """The service refused; ``document`` is what it says, empty if that is no JSON object."""

    def __init__(
        self,
        what: str,
        *,
        status: int,
        document: dict[str, Any],
        headers: Mapping[str, str],
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status
        self.document = document
        self.headers = headers


class PassingError(Exception):
    """A failure that another attempt may not meet.

    Args:
        error: what to raise when there is no other attempt.
        undone: the request has certainly not been carried out.
        maybe_done: it may have been, though no reply says so.
        limited: it is a limit on how often the service may be asked.
        pause: how many seconds the service asks to wait.
    """

    def __init__(
        self,
        error: RemoteError,
        *,
        undone: bool = False,
        maybe_done: bool = False,
        limited: bool = False,
        pause: float | None = None,
    ) -> None:
        super().__init__(error.what)
        self.error = error
        self.undone = undone
        self.maybe_done = maybe_done
        self.limited = limited
        self.pause = pause

    @classmethod
    def of_status(cls, error: ResponseError, clock: Callable[[], float]) -> PassingError | None:
        """A refusal for the moment; None for one that stays."""
        limit = limit_of(error.status, error.headers, error.document, clock)
        if limit is None and error.status not in _PASSING:
            return None
        pause = limit.pause if limit else retry_after(error.headers, clock)
        if pause:
            error.hint = f"it asks to wait for {pause:.0f} seconds: run the command again then"
        elif limit:
            error.hint = "run the command again later"
        return cls(
            error,
            undone=limit is not None,
            maybe_done=error.status in _MAYBE_DONE,
            limited=limit is not None,
            pause=pause,
        )


def refusal(
    status: int,
    headers: Mapping[str, str],
    data: bytes,
    service: str,
    where: str,
    *,
    credential: str,
    redact: Redactor,
) -> ResponseError:
    """The error for an answer that is none of success."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    said = document.get("message") or document.get("error") if isinstance(document, dict) else None
    quote = f": {_printable(redact(said))}" if isinstance(said, str) and said else ""
    hint = {
        401: f"check {credential}",
        403: f"check {credential}, and what it is allowed to do",
        404: "check the address and the name",
        429: "run the command again later",
    }.get(status, "run the command again later" if status >= 500 else None)
    return ResponseError(
        f"{service} answered {status}{quote}",
        status=status,
        document=document if isinstance(document, dict) else {},
        headers=headers,
        where=where,
        hint=hint,
    )


def not_json(service: str, where: str, data: bytes, response: requests.Response) -> RemoteError:
    """The error for a success whose body is something else than JSON: with its status where that is a page."""
    if not data[:512].lstrip().lower().startswith((b"<!doctype", b"<html")):
        return RemoteError(f"{service} answered with something, not JSON", where=where, hint="check the address")
    hint = "check the address; it may be a login page, or that of a user interface"
    return ResponseError(
        f"{service} answered with HTML, not JSON",
        status=response.status_code,
        document={},
        headers=response.headers,
        where=where,
        hint=hint,
    )


def broken(error: Exception, service: str, where: str) -> Exception:
    """The error for a request that got no whole answer; a :class:`PassingError` if it is worth another attempt."""
    # Here: whoever has such an error has imported these, and others need not.
    from requests import exceptions
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

    causes = list(_causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if has(ssl.SSLError, exceptions.SSLError):
        hint = "check the address and its certificate; REQUESTS_CA_BUNDLE names further authorities"
        return RemoteError(f"no secure connection to {service}: {_tls_reason(causes)}", where=where, hint=hint)
    if has(exceptions.InvalidURL, exceptions.InvalidSchema) or type(error) is ValueError:
        return RemoteError(f"{service} leads to an address that is none", where=where)
    hint = "check the address and the network"
    if has(NameResolutionError):
        return PassingError(RemoteError(f"the name of {service} is not known", where=where, hint=hint), undone=True)
    if has(ConnectionRefusedError):
        return PassingError(RemoteError(f"{service} refuses connections", where=where, hint=hint), undone=True)
    if has(ConnectTimeoutError, NewConnectionError):
        return PassingError(RemoteError(f"{service} cannot be reached", where=where, hint=hint), undone=True)
    what = f"{service} does not answer" if has(ReadTimeoutError) else f"the connection to {service} broke"
    return PassingError(RemoteError(what, where=where, hint="run the command again later"), maybe_done=True)


def _tls_reason(causes: list[BaseException]) -> str:
    reasons = (getattr(cause, "verify_message", None) or getattr(cause, "reason", None) for cause in causes)
    return next((_printable(reason) for reason in reasons if isinstance(reason, str) and reason), "TLS failed")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it wraps, which requests and urllib3 keep in their own ways."""
    waiting: list[Any] = [error]
    seen: list[BaseException] = []
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in seen:
            seen.append(item)
            yield item
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def _printable(text: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"
