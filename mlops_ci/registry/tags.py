"""Tags on versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mlops_ci.records.entry import Body, Tag
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


def set_tags(log: ModelLog, version: int, tags: Mapping[str, str], *, remove: Collection[str] = ()) -> ModelVersion:
    """Set and remove tags of a version; what is so already is not written again."""

    def decide(state: ModelState) -> Body | None:
        present = state.require(version).tags
        new = {key: value for key, value in tags.items() if present.get(key) != value}
        gone = tuple(sorted(present.keys() & set(remove) - tags.keys()))
        return Tag(version=version, set=new, remove=gone) if new or gone else None

    return log.append(decide).versions[version]
