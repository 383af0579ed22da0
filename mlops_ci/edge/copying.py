"""Copies a file and hashes the copy, both at the same time."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO

from mlops_ci.records.digest import PREFIX

_STEP = 8 << 20
_READ = 1 << 20
_MOST_BEHIND = 8
_SMALL = 256 << 10  # starting a thread takes longer than hashing that


def copy_hashed(source: BinaryIO, target: BinaryIO, moved: Callable[[int], None]) -> tuple[str, int]:
    """Copy what is left of a file to an empty one; return digest and size of what the copy holds.

    The kernel copies where it can. What is hashed is read back from the copy, in a thread that follows the copying.

    Args:
        source: open for reading, unbuffered or at its start.
        target: open for writing and reading.
        moved: is told how many bytes the copy has so far.
    """
    if os.fstat(source.fileno()).st_size <= _SMALL:
        return _copy_small(source, target, moved)
    digest, size = hashlib.sha256(), 0
    follower = ThreadPoolExecutor(1)
    behind: deque[Future[None]] = deque()

    try:
        while length := _copy(source.fileno(), target.fileno(), size):
            behind.append(follower.submit(_follow, target, digest, size, size + length))
            size += length
            moved(size)
            while len(behind) > _MOST_BEHIND:
                behind.popleft().result()
        for each in behind:
            each.result()
    finally:
        follower.shutdown(cancel_futures=True)
    return PREFIX + digest.hexdigest(), size


def _follow(target: BinaryIO, digest: hashlib._Hash, start: int, end: int) -> None:
    """Hash what was written between two places."""
    while start < end:
        chunk = os.pread(target.fileno(), min(_READ, end - start), start)
        if not chunk:
            raise OSError("the copy is shorter than what was written")
        digest.update(chunk)
        start += len(chunk)


def _copy_small(source: BinaryIO, target: BinaryIO, moved: Callable[[int], None]) -> tuple[str, int]:
    """The same without a thread; what grows meanwhile is copied all the same."""
    digest, size = hashlib.sha256(), 0
    while length := _copy(source.fileno(), target.fileno(), size):
        _follow(target, digest, size, size + length)
        size += length
        moved(size)
    return PREFIX + digest.hexdigest(), size


def _copy(source: int, target: int, done: int) -> int:
    """Copy some bytes at the same place of both; return how many, 0 at the end."""
    if hasattr(os, "copy_file_range"):
        # Between two file systems some kernels cannot, and some file systems say 0. A full disk fails below as well.
        with suppress(OSError):
            if copied := os.copy_file_range(source, target, _STEP, done, done):
                return copied
    chunk = os.pread(source, _READ, done)
    written = 0
    while written < len(chunk):
        written += os.pwrite(target, chunk[written:], done + written)
    return written
