"""The section ``image`` of ``mlops.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci.project.paths import normalise

DEFAULT_BASE = "docker.io/library/python:3.12-slim"


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The image of a version: where it goes, what it stands on. ``python`` None is what the base says."""

    repository: str | None = None
    base: str = DEFAULT_BASE
    python: str | None = None
    platform: str = "linux/amd64"
    dockerfile: str | None = None


def build_image(value: dict[str, Any]) -> ImageChoice:
    """The section as a value; its form was checked by the schema."""
    dockerfile = value.get("dockerfile")
    return ImageChoice(
        repository=value.get("repository"),
        base=value.get("base", DEFAULT_BASE),
        python=value.get("python"),
        platform=value.get("platform", "linux/amd64"),
        dockerfile=normalise(dockerfile) if dockerfile else None,
    )
