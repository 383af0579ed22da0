"""From a workspace's URL to its storage."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store, Watch, unwatched

_FILES = ",files="
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_ALMOST_A_URL = re.compile(r"^(?!git\+)([a-z][a-z0-9+.-]+):(?!//)", re.IGNORECASE)
_REMOTE_OF_CHECKOUT = "git+"
Lent = Mapping[str, str] | None
"""Settings of git with which the host of the job reaches the remotes of the checkout."""


def _open_folder(url: str, relative_to: Path, watch: Watch, lent: Lent) -> Store:  # noqa: ARG001 - one signature
    return LocalStore((relative_to / Path(url.removeprefix("file://")).expanduser()).resolve(), watch)


def _open_objects(url: str, relative_to: Path, watch: Watch, lent: Lent) -> Store:  # noqa: ARG001 - one signature
    from mlops_ci.workspace.objects.store import open_objects

    return open_objects(url, watch)


def _open_git(url: str, relative_to: Path, watch: Watch, lent: Lent) -> Store:
    from mlops_ci.workspace.git.store import open_git

    return open_git(url, relative_to, watch, lent)


BACKENDS: dict[str, Callable[[str, Path, Watch, Lent], Store]] = {
    "file": _open_folder,
    "s3": _open_objects,
    "az": _open_objects,
    "gs": _open_objects,
    "git+https": _open_git,
    "git+http": _open_git,
    "git+ssh": _open_git,
    "git+file": _open_git,
}


def open_store(url: str, relative_to: Path, watch: Watch = unwatched, lent: Lent = None) -> Store:
    """Open the storage at a URL or path; nothing is written yet.

    Args:
        url: a path, ``scheme://…`` with a scheme of ``BACKENDS``, ``git+NAME`` for a remote of the checkout, or
            ``LOG,files=FILES`` for two places.
        relative_to: what a relative path starts from.
        watch: is told of streamed transfers.
        lent: settings of git that reach the remotes of the checkout; they carry the job's credential.

    Raises:
        UsageError: there is no backend for the scheme, or a URL is mistyped so that it would be taken for a path.
    """
    log, both, files = url.partition(_FILES)
    if both:
        return SplitStore(open_store(log, relative_to, watch, lent), open_store(files, relative_to, watch, lent))
    _require_path_or_url(url)
    match = _SCHEME.match(url)
    if match is None and url.startswith(_REMOTE_OF_CHECKOUT):
        return _open_git(url, relative_to, watch, lent)
    scheme = match[1].lower() if match else "file"
    if scheme not in BACKENDS:
        raise UsageError(
            f"no workspace can be opened with the scheme {scheme}://",
            where="workspace",
            hint=f"use a path or one of: {', '.join(f'{name}://' for name in BACKENDS)}, {_REMOTE_OF_CHECKOUT}NAME",
        )
    return BACKENDS[scheme](url, relative_to, watch, lent)


def _require_path_or_url(url: str) -> None:
    """Refuse what would silently become a folder beside the project, such as ``s3:/bucket`` or an unset variable."""
    if not url.strip():
        hint = "name a path or a URL, or leave it out"
        raise UsageError("the path or URL is empty", where="workspace", hint=hint)
    if match := _ALMOST_A_URL.match(url):
        raise UsageError(
            f"neither a path nor a URL: '{match[1]}:…'",  # no more of it: there may be a password in the rest
            where="workspace",
            hint=f"write {match[1].lower()}://…, or put ./ in front if a folder is called so",
        )


def is_history(store: Store) -> bool:
    """Whether a storage never forgets, so that every clone of it grows with all that was ever written."""
    return not isinstance(store, SplitStore) and store.url.startswith("git+")
