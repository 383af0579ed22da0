"""Sends the files of an entry before the entry, once, however often the entry has to be tried."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import IntegrityError
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.files import FileRecord
from mlops_ci.workspace.layout import upload_prefix
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to upload: what it is, and how to get its bytes should it be needed."""

    record: FileRecord
    source: Callable[[], Path]


class Uploads:
    """The uploads of one writer of a model's log.

    An upload (*attempt*) has a name of its own and is shared by no two versions. What is tried again after a lost race
    finds it there; or not, where it was dropped with the entry (git), or condemned because it took so long.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._attempts: dict[str, str] = {}

    def send(self, owner: object, files: Mapping[str, LocalFile], *, condemned: Collection[str]) -> str:
        """Make sure that files are in the workspace, and return the name of their upload.

        Args:
            owner: what the files are for, as a plain value; another owner gets an upload of its own.
            files: by their path below the upload.
            condemned: uploads that must not be used any more.

        Raises:
            IntegrityError: a file is not what its record says.
        """
        name = digest_of_value([owner, sorted((path, file.record.digest) for path, file in files.items())])
        attempt = self._attempts.get(name)
        if attempt is None or attempt in condemned or not self._is_there(attempt, files):
            attempt = uuid.uuid4().hex
            for path, file in files.items():
                self._upload(f"{upload_prefix(self._model, attempt)}{path}", file)
            self._attempts[name] = attempt
        return attempt

    def _is_there(self, attempt: str, files: Mapping[str, LocalFile]) -> bool:
        prefix = upload_prefix(self._model, attempt)
        present = {item.key.removeprefix(prefix): item.size for item in self._store.list(prefix)}
        return all(present.get(path) == file.record.size for path, file in files.items())

    def _upload(self, key: str, file: LocalFile) -> None:
        written = self._store.upload(key, file.source())
        if (written.digest, written.size) != (file.record.digest, file.record.size):
            raise IntegrityError(
                "a file changed while it was being uploaded", where=file.record.path, hint="run the command again"
            )
