"""A file on a web server that everybody may read: what it is like, and its bytes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.interruption import stoppable
from mlops_ci.errors import ChangedMeanwhileError, RemoteError
from mlops_ci.records.digest import PREFIX
from mlops_ci.records.files import FileRecord, RemoteFile

_GONE = frozenset({404, 410})
_NO_HEAD = frozenset({405, 501})
_CLOSED = frozenset({401, 403})
_OPEN = "an https address is read without credentials; keep what is not open to everybody in s3://, az:// or gs://"


class HttpFile(Http):
    """A client of one address.

    Args:
        url: the address, without a query.
        moved: is told of a download: bytes so far, and in all.
        sleep: waits between attempts.
    """

    def __init__(
        self, url: str, moved: Callable[[int, int], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}/"
        super().__init__(base, service=parts.hostname or "", credential="the address", sleep=sleep)
        self._url = url
        self._moved = moved

    def files(self) -> tuple[RemoteFile, ...]:
        """The one file at the address, by a request that does not send it; none where nothing is.

        What a server without etags says of the time and size of a file takes their place.

        Raises:
            RemoteError: the server refused, or cannot be reached.
        """
        try:
            try:
                return (self._seen("HEAD"),)
            except ResponseError as error:
                if error.status not in _NO_HEAD:
                    raise
            return (self._seen("GET"),)
        except ResponseError as error:
            if error.status in _GONE:
                return ()
            raise self._told(error) from error

    def fetch(self, file: RemoteFile, target: Path) -> FileRecord:
        """Write what is at the address to a file that must not exist.

        Raises:
            ChangedMeanwhileError: it is not what was looked at any more.
            RemoteError: the server refused, or cannot be reached, or the file cannot be written.
        """
        try:
            return self._retries(lambda: self._fetched(file, target), again=True)
        except ResponseError as error:
            raise (ChangedMeanwhileError(self._url) if error.status in _GONE else self._told(error)) from error

    def _seen(self, method: str) -> RemoteFile:
        def once() -> RemoteFile:
            with self._open(method, self._url, elsewhere=True) as response:
                return _remote(self._url, response.headers)

        return self._retries(once, again=True)

    def _fetched(self, file: RemoteFile, target: Path) -> FileRecord:
        digest, done, stopped = hashlib.sha256(), 0, Event()
        with self._open("GET", self._url, elsewhere=True) as response, stoppable(stopped.set):
            now = _remote(self._url, response.headers)
            if now.tag != file.tag or (file.size is not None and now.size != file.size):
                raise ChangedMeanwhileError(self._url)
            try:
                with target.open("xb") as writing:
                    for chunk in self._stream(response):
                        if stopped.is_set():
                            raise InterruptedError("the download was interrupted")
                        digest.update(chunk)
                        writing.write(chunk)
                        done += len(chunk)
                        self._moved(done, max(done, file.size or 0))
            except BaseException as error:
                target.unlink(missing_ok=True)
                if isinstance(error, OSError) and not isinstance(error, InterruptedError):
                    raise RemoteError(f"the file cannot be written: {error.strerror}", where=str(target)) from error
                raise
        if now.size not in {None, done}:
            raise RemoteError(f"{self._service} sent {done:,} of {now.size:,} bytes", where=self._url)
        return FileRecord(file.name, PREFIX + digest.hexdigest(), done)

    def _told(self, error: ResponseError) -> RemoteError:
        if error.status in _CLOSED:
            return RemoteError(f"{self._service} answered {error.status}", where=self._url, hint=_OPEN)
        return error


def _remote(url: str, headers: Mapping[str, str]) -> RemoteFile:
    length, tag, time_ = headers.get("Content-Length", ""), headers.get("ETag"), headers.get("Last-Modified")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
    if not tag and time_ and size is not None:
        tag = f"{time_}, {size} bytes"
    return RemoteFile(url, size, tag or None)
