"""Files to and from objects, in bounded memory, hashed on the way."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import obstore

from mlops_ci.errors import RemoteError
from mlops_ci.records.digest import PREFIX, digest_of_bytes
from mlops_ci.workspace.objects.connect import Client
from mlops_ci.workspace.objects.interruptible import start
from mlops_ci.workspace.store import Written

Moved = Callable[[int, int], None]

# Said explicitly: a web page that comes back instead is told apart by its type.
CONTENT: dict[str, Any] = {"Content-Type": "application/octet-stream"}

_MEGABYTE = 1 << 20
_PART = 8 * _MEGABYTE
_RANGE = 16 * _MEGABYTE  # fewer and longer: a request costs both sides more than its bytes do
_MOST_PARTS = 9_000  # S3 takes 10,000; the file may still grow
_IN_FLIGHT = 48 * _MEGABYTE


def part_size(size: int) -> int:
    """How big the parts of a file are: in whole megabytes, so that there are not too many."""
    return max(_PART, -(-size // (_MOST_PARTS * _MEGABYTE)) * _MEGABYTE)


def parts_at_once(part: int) -> int:
    """How many parts travel at the same time, so that memory stays bounded."""
    return max(2, _IN_FLIGHT // part)


@dataclass(frozen=True, slots=True)
class Content:
    """A small file."""

    data: bytes
    written: Written


class Uploading:
    """One file on its way up."""

    def __init__(self, client: Client, name: str, source: Path, moved: Moved) -> None:
        self._client, self._name, self._source, self._moved = client, name, source, moved
        self._stopped = False
        try:
            self._size = source.stat().st_size
        except OSError as error:
            raise _unreadable(source, error) from error

    @property
    def is_small(self) -> bool:
        """Whether one request does."""
        return self._size <= _PART

    def read(self) -> Content:
        """The bytes of a small file."""
        try:
            data = self._source.read_bytes()
        except OSError as error:
            raise _unreadable(self._source, error) from error
        return Content(data, Written(digest_of_bytes(data), len(data)))

    def measure(self) -> Written:
        """Digest and size of the file, sending nothing."""
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(_PART):
            digest.update(chunk)
            size += len(chunk)
        return Written(PREFIX + digest.hexdigest(), size)

    def stop(self) -> None:
        """Let ``send`` abort the upload at the next part."""
        self._stopped = True

    def send(self) -> Written:
        """Send the file in parts; when that fails, obstore aborts the upload and no object appears."""
        part = part_size(self._size)
        digest, size = hashlib.sha256(), 0

        def parts() -> Iterator[bytes]:
            nonlocal size
            for chunk in self._chunks(part):
                digest.update(chunk)  # obstore sends the parts before this one meanwhile
                size += len(chunk)
                self._moved(size, max(size, self._size))
                yield chunk
            if self._stopped:
                raise InterruptedError("the upload was interrupted")

        sent = obstore.put(
            self._client,
            self._name,
            parts(),
            attributes=CONTENT,
            use_multipart=True,
            chunk_size=part,
            max_concurrency=parts_at_once(part),
        )
        self._require_kept(size, sent["e_tag"])
        return Written(PREFIX + digest.hexdigest(), size)

    def _chunks(self, length: int) -> Iterator[bytes]:
        try:
            with self._source.open("rb", buffering=0) as file:
                while chunk := _read_fully(file, length):
                    if self._stopped:
                        raise InterruptedError("the upload was interrupted")
                    yield chunk
        except InterruptedError:
            raise
        except OSError as error:
            raise _unreadable(self._source, error) from error

    def _require_kept(self, size: int, tag: str | None) -> None:
        kept = obstore.head(self._client, self._name)
        # Another tag: somebody else's upload of the same key came later, and theirs stays.
        if kept["e_tag"] == tag and kept["size"] != size:
            raise RemoteError(f"the storage kept {kept['size']} of {size} bytes", where=self._name)


class Downloading:
    """One object on its way down."""

    def __init__(self, client: Client, name: str, target: Path, moved: Moved) -> None:
        self._client, self._name, self._target, self._moved = client, name, target, moved
        self._stopped = False

    def stop(self) -> None:
        """Let ``finish`` give up at the next range."""
        self._stopped = True

    def begin(self) -> obstore.GetResult:
        """Ask for the object; its size comes with the first bytes."""
        return obstore.get(self._client, self._name)

    def finish(self, first: obstore.GetResult) -> Written:
        """Write the file, hashing it in order while further ranges arrive."""
        size, tag = first.meta["size"], first.meta["e_tag"]
        try:
            file = self._target.open("xb")
        except OSError as error:
            raise _unwritable(self._target, error) from error
        digest, done = hashlib.sha256(), 0
        try:
            with file:
                for chunk in self._ranges(first, size, tag):
                    if self._stopped:
                        raise InterruptedError("the download was interrupted")
                    digest.update(chunk)
                    file.write(chunk)
                    done += len(chunk)
                    self._moved(done, size)
        except BaseException as error:
            self._target.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | InterruptedError):
                raise _unwritable(self._target, error) from error
            raise
        return Written(PREFIX + digest.hexdigest(), size)

    def _ranges(self, first: obstore.GetResult, size: int, tag: str | None) -> Iterator[obstore.Bytes]:
        if size <= _RANGE:
            yield self._whole(start(first.bytes).result(), size)
            return
        del first  # its connection is closed; the ranges come over their own
        starts = iter(range(0, size, _RANGE))
        waiting: deque[tuple[int, Future[obstore.Bytes]]] = deque()
        while True:
            while len(waiting) < parts_at_once(_RANGE) and (begin := next(starts, None)) is not None:
                end = min(begin + _RANGE, size)
                waiting.append((end - begin, start(partial(self._range, begin, end, tag))))
            if not waiting:
                return
            length, future = waiting.popleft()
            yield self._whole(future.result(), length)

    def _range(self, begin: int, end: int, tag: str | None) -> obstore.Bytes:
        # Tied to the version that was asked for first: never a mixture of two.
        options: obstore.GetOptions = {"range": (begin, end), "if_match": tag} if tag else {"range": (begin, end)}
        return obstore.get(self._client, self._name, options=options).bytes()

    def _whole(self, chunk: obstore.Bytes, length: int) -> obstore.Bytes:
        if len(chunk) != length:
            raise RemoteError(f"the storage sent {len(chunk)} of {length} bytes", where=self._name, hint="run again")
        return chunk


def _read_fully(file: BinaryIO, length: int) -> bytes:
    """A raw file may return less than there is."""
    chunk = file.read(length)
    while chunk and len(chunk) < length and (more := file.read(length - len(chunk))):
        chunk += more
    return chunk


def _unreadable(source: Path, error: OSError) -> RemoteError:
    return RemoteError(f"the file cannot be read: {_reason(error)}", where=str(source))


def _unwritable(target: Path, error: OSError) -> RemoteError:
    return RemoteError(f"the file cannot be written: {_reason(error)}", where=str(target))


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
