"""What the workspace held when we last looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.git.changes import Change
from mlops_ci.workspace.git.history import History


@dataclass(slots=True)
class View:
    """A commit of a ref: the blob of each path. Both are None where nothing has been written yet."""

    ref: str | None = None
    commit: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)
    _folders: Counter[str] = field(default_factory=Counter)

    def replace(self, files: Mapping[str, str]) -> None:
        """Take a whole tree for what is there."""
        self.files = dict(files)
        self._folders = Counter(above for path in files for above in _above(path))

    def change(self, path: str, blob: str | None) -> None:
        """Take a path for changed."""
        was, step = path in self.files, 1 if blob else -1
        if blob:
            self.files[path] = blob
        elif was:
            del self.files[path]
        if was != bool(blob):
            for above in _above(path):
                self._folders[above] += step

    def require_no_clash(self, changes: Mapping[str, Change]) -> None:
        """Refuse what a tree cannot hold: ``a`` and ``a/b``.

        Raises:
            RemoteError: a file and a folder would have one name.
        """
        new = {path for path, change in changes.items() if change.blob and path not in self.files}
        folders = {above for path in new for above in _above(path)}
        for path in sorted(new):
            if path in folders or self._folders[path] or any(above in self.files for above in _above(path)):
                raise RemoteError(
                    "a git tree cannot hold an object and a folder of one name", where=path, hint="choose another key"
                )


def _above(path: str) -> Iterator[str]:
    """The folders of a path."""
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)
