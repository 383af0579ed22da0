"""What takes a while to find out of a content, remembered on this machine by its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mlops_ci.edge import table_profile
from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.files import digest_of_file, write_whole
from mlops_ci.errors import MlopsError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.dataset import DatasetProfile
from mlops_ci.records.digest import digest_of_value, hexadecimal

T = TypeVar("T")


class ContentFacts:
    """Facts by digest.

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
        # It follows from the content, the kind of table that the name says, and the code that looks at it.
        code = digest_of_file(Path(table_profile.__file__))
        key = [digest, path.suffix.lower(), code]
        return self._fact(key, DatasetProfile, lambda: table_profile.profile_table(path, called=called))

    def md5(self, digest: str, *, folder: bool, find: Callable[[], str]) -> str:
        """The MD5 that DVC gives a content with a digest; ``find`` finds it out."""
        return self._fact(["dvc", digest, folder], str, find) or find()

    def _fact(self, key: object, kind: type[T], find: Callable[[], T | None]) -> T | None:
        if self._folder is None:
            return find()
        file = self._folder / f"{hexadecimal(digest_of_value(key))}.json"
        with suppress(OSError, MlopsError):
            return decode(file.read_bytes(), kind, where=str(file))
        found = find()
        if found is not None:
            with suppress(OSError):  # a full disk, or a folder of somebody else's: it is found out anew
                self._folder.mkdir(parents=True, exist_ok=True)
                write_whole(file, encode(found))
        return found


def content_facts(environ: Mapping[str, str]) -> ContentFacts:
    """The facts that this machine remembers."""
    try:
        return ContentFacts(cache_folder(environ).absolute() / "facts")
    except MlopsError:  # no home to keep anything in
        return ContentFacts(None)
