"""A project whose version has an ONNX form, and what its image is built with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.lifecycle.imaging import Workshop
from mlops_ci.packaging.provenance import Builder
from mlops_ci.project.load import load_project
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore
from tests.images.making import add_version, log_of, no_code
from tests.parts.base_image import BaseImage
from tests.parts.oci_registry import Registry

_CACHE = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or Path(__file__).parents[2] / ".cache")


@dataclass
class Bench:
    """A workshop, its registry, and the version to build images of."""

    folder: Path
    repository: str
    settings: dict[str, Any]
    cache: Path = _CACHE
    said: list[str] = field(default_factory=list)

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.folder / "workspace")

    def shop(self, **environ: str) -> Workshop:
        project = {
            "version": 1,
            "model": {"name": "flight-delay"},
            "steps": {"train": {"run": "true", "outputs": ["build/model.pkl"]}},
            **self.settings,
        }
        file = self.folder / "mlops.yaml"
        file.write_text(json.dumps(project))
        # The machine's own settings stay, as those that lead to its package index.
        here = {**os.environ, "MLOPS_CI_CACHE_DIR": str(self.cache), "DOCKER_CONFIG": str(self.folder)}
        return Workshop(
            project=load_project(file.read_bytes(), "mlops.yaml"),
            folder=self.folder,
            store=self.store,
            log_of=partial(log_of, self.store),
            read_code=no_code,
            environ={**here, **environ},
            say=self.said.append,
            builder=Builder("local"),
        )

    def add(self, onnx: bytes = b"onnx", **fields: Any) -> ModelVersion:
        return add_version(log_of(self.store), self.folder / "scratch", onnx=onnx, **fields)


@pytest.fixture
def bench(tmp_path: Path, base_image: BaseImage, oci_registry: Registry) -> Bench:
    """An empty workspace, and a project that stands on the base of the tests."""
    made = Bench(tmp_path, f"{oci_registry.address}/{tmp_path.name}", {"image": {"base": base_image.reference}})
    initialise(made.store)
    return made
