"""The layer with the model package: the only one that a new version of a model changes."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.edge.files import clone, digest_of_file
from mlops_ci.packaging.layers import Recipe
from mlops_ci.packaging.places import PACKAGE


def model_layer(package: Path) -> Recipe:
    """The recipe of the layer with the package in a folder."""
    files = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())

    def lay_out(folder: Path) -> None:
        for name in files:
            clone(package / name, folder / name)

    inputs = [(name, digest_of_file(package / name)) for name in files]
    return Recipe("model", inputs, PACKAGE.lstrip("/"), lay_out)
