"""The one HTTP client: timeouts, bounded retries, bounded answers, and errors that say which credential to check."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from mlops_ci.edge.http_address import DEFAULT_PORTS, leading_to, origin, parse
from mlops_ci.edge.http_failures import PassingError, ResponseError, broken, not_json, refusal
from mlops_ci.edge.http_retries import Retries
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError, UsageError

if TYPE_CHECKING:
    import requests

LARGEST_JSON = 32 << 20
_CHUNK = 1 << 20
_LARGEST_REFUSAL = 64 << 10
_TIMEOUTS = (10.0, 60.0)  # to connect, and between two pieces of an answer
_MOST_REDIRECTS = 5
_READING = frozenset({"GET", "HEAD"})
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Http:
    """A client of one service.

    Requests that may be repeated without harm are tried again after a broken connection, 429 and 5xx; others only
    where they have certainly not been carried out.

    Args:
        base: the address that paths are relative to; ``http`` or ``https``.
        service: what it is called in messages, such as ``the MLflow server``.
        credential: the variable or setting to check where access is refused.
        authorization: the value of that header. It is sent to this address only.
        headers: further headers of each request.
        sleep: waits between attempts.
        clock: tells the time (epoch seconds), for limits that pass at a moment.
        patience: how many seconds may be spent in all on waiting for limits to pass.

    Raises:
        UsageError: the address is none, or has a credential in it.
    """

    def __init__(
        self,
        base: str,
        *,
        service: str,
        credential: str,
        authorization: str | None = None,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        patience: float = 0.0,
    ) -> None:
        self._parts = parse(base, credential)
        self.base = base.rstrip("/") + "/"
        self.host = self._parts.hostname or ""
        self._service = service
        self._credential = credential
        self._authorization = authorization
        self._redact = Redactor([authorization, authorization.rpartition(" ")[2]] if authorization else [])
        # Not compressed: a file's bytes are wanted as they are stored.
        self._headers = {"User-Agent": "mlops-ci", "Accept-Encoding": "identity", **(headers or {})}
        # Here, as most verbs ask nobody, and importing it takes longer than they do.
        import requests

        self._requests = requests
        self._session = requests.Session()
        self._retries = Retries(sleep, patience)
        self._clock = clock

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        limit: int = LARGEST_JSON,
    ) -> Any:
        """The JSON that a request is answered with; None where the answer is empty.

        Args:
            method: the method.
            path: relative to the base.
            params: the query.
            body: is sent as JSON; a function makes it anew for each attempt.
            content: is sent as it is, instead, as a signature over the bytes wants it.
            headers: further headers of this request, such as the type of its content.
            idempotent: whether it may be carried out twice; by default as HTTP says of the method.
            limit: the most bytes that are read.

        Raises:
            ResponseError: the service refused.
            RemoteError: it cannot be reached, or answers with something else than JSON.
            OutcomeUnknownError: the reply to a request that must not be repeated got lost.
        """

        def once() -> Any:
            sent = {"json": body() if callable(body) else body} if content is None else {"data": content}
            with self._open(method, path, params=params, headers=headers, **sent) as response:
                return self._document(response, path, limit)

        return self._retries(once, again=method in _IDEMPOTENT if idempotent is None else idempotent)

    def pages(self, path: str, *, params: Mapping[str, str] | None = None, most: int) -> Iterator[Any]:
        """The JSON of a path and of the pages that follow it, as the header ``Link`` leads (RFC 8288).

        Args:
            path: relative to the base.
            params: the query of the first page; the others have their own.
            most: how many pages are read before that is an error.

        Raises:
            ResponseError: the service refused.
            RemoteError: it cannot be reached, leads elsewhere, or does not come to an end.
        """
        for _ in range(most):
            document, following = self._retries(partial(self._page, path, params), again=True)
            yield document
            if following is None:
                return
            if not self._is_ours(following):
                raise RemoteError(f"the pages of {self._service} lead to another address", where=self._at(path))
            path, params = following.geturl(), None
        raise RemoteError(f"{self._service} has more than {most} pages of this", where=self._at(path))

    def _page(self, path: str, params: Mapping[str, str] | None) -> tuple[Any, SplitResult | None]:
        with self._open("GET", path, params=params) as response:
            following = response.links.get("next", {}).get("url")
            document = self._document(response, path, LARGEST_JSON)
            return document, leading_to(response.url, following, self._service) if following else None

    def _document(self, response: requests.Response, path: str, limit: int) -> Any:
        data = self._read(response, limit + 1)
        if len(data) > limit:
            raise RemoteError(f"{self._service} answered with more than {limit:,} bytes", where=self._at(path))
        try:
            return json.loads(data) if data.strip() else None
        except (ValueError, RecursionError) as error:
            raise not_json(self._service, self._at(path), data, response) from error

    def download(self, path: str, target: Path, *, params: Mapping[str, str] | None = None) -> int:
        """Write what is at a path to a file that must not exist, and return its size.

        A redirect to another host, as an API leads to its object storage, is followed without the credential.

        Raises:
            ResponseError: the service refused.
            RemoteError: it cannot be reached.
        """

        def once() -> int:
            with self._open("GET", path, params=params, elsewhere=True) as response, target.open("xb") as file:
                try:
                    return sum(file.write(chunk) for chunk in self._stream(response))
                except BaseException:
                    target.unlink()
                    raise

        return self._retries(once, again=True)

    def upload(self, path: str, source: Path) -> None:
        """PUT a file, in bounded memory.

        Raises:
            ResponseError: the service refused.
            RemoteError: it cannot be reached.
        """

        def once() -> None:
            with source.open("rb") as file:
                # An empty file object would be sent in chunks, which not every server takes.
                content = file if source.stat().st_size else b""
                with self._open("PUT", path, data=content):
                    pass

        self._retries(once, again=True)

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        *,
        elsewhere: bool = False,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Iterator[requests.Response]:
        """The answer to one attempt, once it is known to be a success."""
        url = urljoin(self.base, path.lstrip("/"))
        for _ in range(_MOST_REDIRECTS + 1):
            with self._ask(method, url, params, headers or {}, body) as response:
                if response.status_code not in _REDIRECTS:
                    self._require_success(response, path)
                    yield response
                    return
                url, params = self._next(method, url, response, elsewhere=elsewhere), None
        raise RemoteError(f"{self._service} redirects without end", where=self._at(path), hint="check the address")

    def _timeouts(self, method: str) -> tuple[float, float]:  # noqa: ARG002 - of clients of another kind
        return _TIMEOUTS

    def _ask(
        self, method: str, url: str, params: Mapping[str, str] | None, further: Mapping[str, str], body: dict[str, Any]
    ) -> requests.Response:
        headers = {**self._headers, **further}
        if self._authorization and self._is_ours(urlsplit(url)):
            headers["Authorization"] = self._authorization
        try:
            return self._session.request(
                method,
                url,
                params=params,
                headers=headers,
                # Something, so that requests looks for no credential in .netrc.
                auth=lambda request: request,
                timeout=self._timeouts(method),
                allow_redirects=False,
                stream=True,
                **body,
            )
        except (self._requests.exceptions.InvalidHeader, UnicodeEncodeError):
            # From None: the message of the cause shows the header.
            what = f"the credential for {self._service} cannot be sent: it has characters that no header has"
            raise UsageError(what, hint=f"check {self._credential}") from None
        except (self._requests.RequestException, ValueError) as error:  # requests looks at a redirect in any case
            raise broken(error, self._service, self._shown(url)) from error

    def _next(self, method: str, url: str, response: requests.Response, *, elsewhere: bool) -> str:
        """Where a redirect leads, if it may be followed."""
        parts = leading_to(url, response.headers.get("Location", ""), self._service)
        downgrade = urlsplit(url).scheme == "https" and parts.scheme != "https"
        allowed = elsewhere or self._is_ours(parts)
        if method in _READING and parts.scheme in DEFAULT_PORTS and not downgrade and allowed:
            return parts.geturl()
        raise ResponseError(
            f"{self._service} redirects to {parts.scheme}://{parts.hostname}",
            status=response.status_code,
            document={},
            headers=response.headers,
            where=self._shown(url),
            hint=f"use its own address; if that is a login page, check {self._credential}",
        )

    def _require_success(self, response: requests.Response, path: str) -> None:
        if response.ok:
            return
        data = self._read(response, _LARGEST_REFUSAL)
        error = refusal(
            response.status_code,
            response.headers,
            data,
            self._service,
            self._at(path),
            credential=self._credential,
            redact=self._redact,
        )
        raise PassingError.of_status(error, self._clock) or error

    def _read(self, response: requests.Response, limit: int) -> bytes:
        data = bytearray()
        for chunk in self._stream(response):
            data += chunk[: limit - len(data)]
            if len(data) >= limit:
                break
        return bytes(data)

    def _stream(self, response: requests.Response) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            yield from response.raw.stream(_CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise broken(error, self._service, self._shown(response.url)) from error

    def _is_ours(self, parts: SplitResult) -> bool:
        return origin(parts) == origin(self._parts)

    def _at(self, path: str) -> str:
        """The address of a path, to be shown."""
        return self._shown(urljoin(self.base, path.lstrip("/")))

    def _shown(self, url: str) -> str:
        """An address without its query, which may be signed."""
        return self._redact(url.partition("?")[0])
