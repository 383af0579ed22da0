"""Where the files live that the program reads at run time: schemas and the bundled example."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(*parts: str) -> Path:
    """Return the path of a bundled file or folder, such as ``resource("schemas", "mlops.schema.json")``.

    A wheel carries them inside the package; a checkout has them at its top level.
    """
    bundled = _PACKAGE / "_bundled"
    return (bundled if bundled.is_dir() else _PACKAGE.parent).joinpath(*parts)
