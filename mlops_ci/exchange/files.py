"""Copies the files of a foreign version, wherever they lie, and lets no name lead out of the folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.exchange.foreign import GoneError
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store

MOST_FILES = 100_000
_OBJECT_STORES = frozenset({"s3", "az", "gs"})

Open = Callable[[str, Path], Store]


def safe_join(folder: Path, name: str, *, where: str) -> Path:
    """The path of a file that somebody else named, below a folder.

    Raises:
        IntegrityError: the name leads out of the folder, or is none.
    """
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or any(part in {"", ".", ".."} for part in parts):
        raise IntegrityError(
            f"a file is called {name[:80]!r}, which leads out of its folder", where=where, hint="do not trust it"
        )
    return folder.joinpath(*parts)


def copy_local(source: Path, target: Path) -> None:
    """Copy a file, or all files below a folder.

    Raises:
        GoneError: there is nothing.
        IntegrityError: a link leads out of the folder.
    """
    if source.is_file():
        shutil.copyfile(source, target / source.name)
        return
    top = source.resolve()
    files = sorted(path for path in source.rglob("*") if path.is_symlink() or not path.is_dir())
    if not files:
        raise GoneError("its files are gone", where=str(source))
    for path in files:
        real = path.resolve()
        if not real.is_relative_to(top) or not real.is_file():
            what = f"{path.relative_to(source).as_posix()!r} is a link out of its folder, or no file"
            raise IntegrityError(what, where=str(source), hint="replace it by the file itself")
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real, copy)


def copy_from_store(url: str, target: Path, *, open_at: Open = open_store) -> None:
    """Copy all objects below the URL of an object store.

    Raises:
        GoneError: there are none, or no such store can be opened.
    """
    # A workspace may be a folder, or git; a stranger's word for one is not opened.
    scheme, colon, _ = url.partition("://")
    out_of_reach = GoneError(f"its files are at {url.partition(':')[0]}:, which cannot be read from here")
    if not colon or scheme.lower() not in _OBJECT_STORES:
        raise out_of_reach
    try:
        store = open_at(url, Path(os.sep))
    except UsageError as error:
        raise out_of_reach from error
    found = False
    items = list(islice(store.list(""), MOST_FILES + 1))
    if len(items) > MOST_FILES:
        raise GoneError(f"it has more than {MOST_FILES:,} files", where=store.url)
    for item in items:
        file = safe_join(target, item.key, where=store.url)
        file.parent.mkdir(parents=True, exist_ok=True)
        found = store.download(item.key, file) is not None or found
    if not found and not _copy_object(url, target, open_at):
        raise GoneError("its files are gone", where=store.url)


def _copy_object(url: str, target: Path, open_at: Open) -> bool:
    """Copy the one object at a URL; whether there is one."""
    address, mark, settings = url.partition("?")
    folder, _, name = address.rpartition("/")
    if folder.endswith("/"):  # only a bucket is named
        return False
    store = open_at(folder + mark + settings, Path(os.sep))
    return store.download(name, safe_join(target, name, where=store.url)) is not None
