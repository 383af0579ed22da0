"""This package for other interpreters: it need not be installed where they look, nor where it runs itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import mlops_ci
from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.records.digest import digest_of_value, hexadecimal


def own_package(environ: Mapping[str, str]) -> Path:
    """A folder for ``PYTHONPATH``, with nothing in it but a link to this package."""
    package = Path(mlops_ci.__file__).parent
    folder = cache_folder(environ).absolute() / "server" / hexadecimal(digest_of_value(str(package)))[:16]
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / package.name
    with suppress(FileExistsError):  # it can only lead to the same place
        link.symlink_to(package)
    return folder
