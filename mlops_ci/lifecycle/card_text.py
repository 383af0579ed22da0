"""Reads what the project says of its model, and keeps it with a version."""

from __future__ import annotations

from mlops_ci.edge.files import require_inside
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Project
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.describe import record_card
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import CARD_PATH

_LARGEST = 256 << 10


def read_card(project: Project, snapshot: Snapshot) -> bytes | None:
    """The text of ``model.card`` as it stands in the working tree; None if none is named.

    Raises:
        UsageError: there is no such file, or it is no text of a proper size.
    """
    if project.model.card is None:
        return None
    (path,) = snapshot.expand(project.model.card, declared="model.card")[:1]
    require_inside(snapshot.path(path), snapshot.root, called=path)
    data = snapshot.path(path).read_bytes()
    if len(data) > _LARGEST:
        raise UsageError(f"the model card has {len(data):,} bytes, more than {_LARGEST:,}", where=path)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the model card is no UTF-8 text", where=path, hint="save the file as UTF-8") from error
    return data


def keep_card(project: Project, snapshot: Snapshot, log: ModelLog, registered: Registered) -> None:
    """Record what the project says of its model with a version; an earlier commit's job takes nothing back."""
    purpose, data = project.model.purpose, read_card(project, snapshot)
    if (purpose is None and data is None) or (registered.how == "existing" and registered.version.card):
        return
    with scratch_folder() as scratch:
        text = None
        if data is not None:
            file = scratch / CARD_PATH
            file.write_bytes(data)
            text = LocalFile(FileRecord(CARD_PATH, digest_of_bytes(data), len(data)), lambda: file)
        record_card(log, registered.version.version, purpose, text)
