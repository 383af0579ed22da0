"""Profiles of tables, remembered on this machine by the digest of the table."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlops_ci.edge import table_profile
from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.files import digest_of_file, write_whole
from mlops_ci.errors import MlopsError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.dataset import DatasetProfile
from mlops_ci.records.digest import digest_of_value, hexadecimal


class ProfileCache:
    """Profiles by digest.

    Args:
        folder: where they are remembered; None remembers nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def profile(self, path: Path, digest: str, *, called: str) -> DatasetProfile | None:
        """The profile of a table with a digest; None where polars is not installed.

        Raises:
            UsageError: it is empty, has no header, or is no table; ``called`` is the name in the message.
        """
        if self._folder is None:
            return table_profile.profile_table(path, called=called)
        file = self._folder / f"{_key(path, digest)}.json"
        with suppress(OSError, MlopsError):
            return decode(file.read_bytes(), DatasetProfile, where=str(file))
        found = table_profile.profile_table(path, called=called)
        if found is not None:
            with suppress(OSError):  # a full disk, or a folder of somebody else's: it is made anew
                self._folder.mkdir(parents=True, exist_ok=True)
                write_whole(file, encode(found))
        return found


def profile_cache(environ: Mapping[str, str]) -> ProfileCache:
    """The profiles of this machine."""
    try:
        return ProfileCache(cache_folder(environ).absolute() / "profiles")
    except MlopsError:  # no home to keep anything in
        return ProfileCache(None)


def _key(path: Path, digest: str) -> str:
    """What a profile follows from: the content, the kind of table that its name says, and the code that looks at it."""
    code = digest_of_file(Path(table_profile.__file__))
    return hexadecimal(digest_of_value([digest, path.suffix.lower(), code]))
