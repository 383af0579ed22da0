"""The probe of a new storage."""

from __future__ import annotations

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.probe import require_create_if_absent
from tests.workspace.memory import MemoryStore


class ReadOnlyStore(MemoryStore):
    """Refuses every write, and says which permission would be needed."""

    def create(self, key: str, data: bytes) -> bool:
        raise RemoteError("access denied", where=key, hint="the credentials need to write")

    def delete(self, key: str) -> None:
        raise RemoteError("access denied", where=key, hint="the credentials need to delete")


def test_credentials_that_may_only_read_are_told_that_they_need_to_write() -> None:
    with pytest.raises(RemoteError, match="need to write"):
        require_create_if_absent(ReadOnlyStore())
