"""Blobs that this machine has fetched from registries, by digest."""

from __future__ import annotations

import uuid
from pathlib import Path

from mlops_ci.packaging.registry import Registry
from mlops_ci.records.digest import digest_of_bytes, hexadecimal


class Blobs:
    """A folder of blobs, each whole and verified."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, digest: str) -> bytes | None:
        """A small blob, if it is here; as it is read often and long after, it is verified again."""
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            return None
        return data if digest_of_bytes(data) == digest else None

    def keep(self, data: bytes) -> None:
        """Keep a small blob."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{uuid.uuid4().hex}"
        try:
            partial.write_bytes(data)
            partial.replace(self._path(digest_of_bytes(data)))
        finally:
            partial.unlink(missing_ok=True)

    def fetch(self, registry: Registry, repository: str, digest: str) -> Path:
        """A large blob, fetched if it is not here.

        Raises:
            UsageError: the repository has none.
            IntegrityError: the registry answers with other bytes.
        """
        path = self._path(digest)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = self._folder / f".{uuid.uuid4().hex}"
            try:
                registry.download(repository, digest, partial)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        return path

    def _path(self, digest: str) -> Path:
        return self._folder / hexadecimal(digest)
