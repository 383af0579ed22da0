"""Verifies segments of collected requests: each is named after its bytes."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.errors import IntegrityError
from mlops_ci.serving.segments import unpack
from mlops_ci.workspace.collected_layout import segments_prefix
from mlops_ci.workspace.layout import COLLECTED
from mlops_ci.workspace.store import Store


def damaged_segments(store: Store) -> Iterator[tuple[str, str]]:
    """Read every segment that waits to be compacted; yields the keys of those that are damaged, and how."""
    for model in store.folders(COLLECTED):
        for item in store.list(segments_prefix(model)):
            data = store.get(item.key)
            if data is None:
                continue  # compacted meanwhile
            try:
                unpack(item.key.removeprefix(segments_prefix(model)), data)
            except IntegrityError as error:
                yield item.key, error.what
