"""Writes into a model's log which images there are of its versions."""

from __future__ import annotations

from mlops_ci.records.entry import Body, Imaged
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


def record_image(log: ModelLog, version: int, image: Image) -> ModelVersion:
    """Record an image of a version; one that is known under its reference is not written again."""

    def decide(state: ModelState) -> Body | None:
        known = {(each.digest, each.reference) for each in state.require(version).images}
        return None if (image.digest, image.reference) in known else Imaged(version, image)

    return log.append(decide).versions[version]
