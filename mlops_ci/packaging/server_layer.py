"""The layer with the scoring server: the part of this package that it imports."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.edge.files import clone, digest_of_file
from mlops_ci.packaging.layers import Recipe
from mlops_ci.packaging.places import SERVER
from mlops_ci.packaging.server_files import server_files


def server_layer() -> Recipe:
    """The recipe of the layer."""
    files = server_files()

    def lay_out(folder: Path) -> None:
        for name, path in files.items():
            clone(path, folder / "mlops_ci" / name)

    inputs = [(name, digest_of_file(path)) for name, path in files.items()]
    return Recipe("server", inputs, SERVER.lstrip("/"), lay_out)
