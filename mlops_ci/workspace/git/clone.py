"""Our own bare clone of the workspace's ref. Many processes may share it; it can be thrown away at any time.

It is *partial* where the server supports it: all commits and trees, and of the files only those that were asked for.
What is missing is fetched by :meth:`Clone.fetch_blobs` and by nobody else. No local command knows of the remote, so
that none starts a fetch of its own.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import IO

from mlops_ci.edge.git import Answer, Git
from mlops_ci.errors import RemoteError
from mlops_ci.workspace.git.settings import REMOTE, Remote

_SEEN = "refs/seen"
_PARTIAL = ("-c", f"remote.{REMOTE}.promisor=true", "-c", f"remote.{REMOTE}.partialCloneFilter=blob:none")
_PLAIN_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
_MOST_PACKS = 100


class Clone:
    """A bare repository in a folder that need not exist yet."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self._folder = folder
        self._remote = remote
        self._environment = {**remote.environment, "GIT_DIR": str(folder)}

    @cached_property
    def _git(self) -> Git:
        return self._opened({})

    @cached_property
    def _tracing(self) -> Git:
        return self._opened({"GIT_TRACE_PACKET": "1"})

    def _opened(self, more: Mapping[str, str]) -> Git:
        folder = self._folder
        try:
            if folder.is_dir() and not self._is_sound():
                # Of a damaged cache nothing is worth keeping; who is using it now will find it gone, and make it anew.
                shutil.rmtree(folder.rename(folder.with_name(f"{folder.name}.{uuid.uuid4().hex}")), ignore_errors=True)
            if not folder.is_dir():
                self._make()
        except OSError as error:
            hint = "set MLOPS_CI_CACHE_DIR to a folder that can be written"
            raise RemoteError(f"no cache can be kept: {error.strerror}", where=str(folder), hint=hint) from error
        git = Git(folder, {**self._environment, **more})
        if len(list(folder.glob("objects/pack/*.pack"))) > _MOST_PACKS:
            # Unreachable objects are kept too. Who loses against another process that tidies up goes on without.
            git.status(*_PARTIAL, "repack", "-A", "-d", "--quiet")
        return git

    def _is_sound(self) -> bool:
        """Whether git takes the folder for a repository."""
        try:
            head = (self._folder / "HEAD").read_text(errors="replace")
        except OSError:
            return False
        return head.startswith("ref: ") and (self._folder / "objects").is_dir() and (self._folder / "refs").is_dir()

    def _make(self) -> None:
        """Make the repository elsewhere and move it, so that nobody meets half of one."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        made = self._folder.with_name(f"{self._folder.name}.{uuid.uuid4().hex}")
        try:
            Git(self._folder.parent).run("init", "--quiet", "--bare", "--template=", str(made))
            try:
                made.rename(self._folder)
            except OSError:
                if not self._folder.is_dir():
                    raise
        finally:
            shutil.rmtree(made, ignore_errors=True)

    # The remote.

    def look(self) -> Answer:
        """Ask the remote where its refs are; the error output tells of each packet of the protocol."""
        return self._tracing.attempt("ls-remote", "--quiet", REMOTE, *self._remote.refs)

    def fetch(self, ref: str, commit: str) -> Answer:
        """Get the commits and trees of a ref."""
        answer = self._git.attempt(*_PARTIAL, *_PLAIN_FETCH, REMOTE, ref)
        if answer.code == 0:
            # What the next fetch need not ask for. It does not matter who of many processes writes it last.
            self._git.status("update-ref", "--no-deref", _SEEN, commit)
        return answer

    def fetch_blobs(self, blobs: Iterable[str]) -> Answer:
        """Get files, all in one request."""
        # As git does it for a partial clone: there is nothing to negotiate about objects that are named.
        options = (*_PARTIAL, "-c", "fetch.negotiationAlgorithm=noop")
        asked = "".join(f"{blob}\n" for blob in blobs).encode()
        return self._git.attempt(*options, *_PLAIN_FETCH, "--filter=blob:none", "--stdin", REMOTE, given=asked)

    def fetch_everything(self, ref: str) -> Answer:
        """Get all files of a ref, for a host that gives none by name."""
        return self._git.attempt(*_PLAIN_FETCH, "--refetch", REMOTE, ref)

    def push(self, ref: str, commit: str, expected: str | None) -> Answer:
        """Move a ref of the remote from where it is expected, nowhere for None, to a commit."""
        lease = f"--force-with-lease={ref}:{expected or ''}"
        return self._git.attempt("push", "--porcelain", "--no-verify", lease, REMOTE, f"{commit}:{ref}")

    # What is here.

    def has_commit(self, commit: str) -> bool:
        """Whether a commit is here; it came with all before it."""
        return self._git.status("cat-file", "-e", f"{commit}^{{tree}}") == 0

    def is_ancestor(self, commit: str, other: str) -> bool:
        """Whether a commit is part of the history of another."""
        return self._git.status("merge-base", "--is-ancestor", commit, other) == 0

    def tree(self, commit: str) -> dict[str, str]:
        """The blob of each path of a commit."""
        output = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit)
        files = {}
        for entry in output.decode("utf-8", "surrogateescape").split("\0"):
            if entry:
                about, _, path = entry.partition("\t")
                mode, _, blob = about.split(" ")
                if mode.startswith("100"):  # a file: neither a link nor a submodule
                    files[path] = blob
        return files

    def changed(self, old: str, new: str) -> Iterator[tuple[str, str | None]]:
        """The paths that differ between two commits, each with its new blob."""
        output = self._git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new)
        fields = iter(output.decode("utf-8", "surrogateescape").split("\0"))
        for about in fields:
            if about:
                _, mode, _, blob, _ = about.split(" ")
                yield next(fields), blob if mode.startswith("100") else None

    def log(self, new: str, old: str | None) -> bytes:
        """Time and message of the commits that are in the history of ``new`` and not in that of ``old``."""
        return self._git.run("log", "--format=%x00%ct%n%B", new, *([f"^{old}"] if old else []), "--")

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """The sizes of those blobs that are here."""
        given = "".join(f"{blob}\n" for blob in blobs).encode()
        lines = self._git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", given=given).decode()
        pairs = (line.split(" ") for line in lines.splitlines())
        return {blob: int(size) for blob, size in pairs if size != "missing"}

    def read(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of small blobs that are here."""
        output = self._git.run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
        start = 0
        while start < len(output):
            end = output.index(b"\n", start)
            blob, _, size = output[start:end].decode().split(" ")
            yield blob, output[end + 1 : end + 1 + int(size)]
            start = end + int(size) + 2

    def open(self, blob: str) -> AbstractContextManager[IO[bytes]]:
        """A blob that is here as a stream."""
        return self._git.reading("cat-file", "blob", blob)

    # What is made here.

    def keep(self, chunks: Iterator[bytes], size: int) -> str:
        """Store a file of exactly this size, in bounded memory; return its blob."""

        def commands() -> Iterator[bytes]:
            yield b"blob\nmark :1\ndata %d\n" % size
            yield from chunks
            yield b"\nget-mark :1\ndone\n"

        return self._import(commands())

    def commit(self, parent: str | None, changes: Mapping[str, str | None], message: str, seconds: int) -> str:
        """Make a commit of changed paths on top of another; return it. No ref comes of it."""
        name = f"refs/new/{uuid.uuid4().hex}"
        lines = [
            f"commit {name}",
            "mark :1",
            f"committer mlops-ci <mlops-ci@localhost> {seconds} +0000",
            f"data {len(message.encode())}\n{message}",
            *([f"from {parent}"] if parent else []),
            *(f'M 100644 {blob} "{path}"' if blob else f'D "{path}"' for path, blob in changes.items()),
            "",
            "get-mark :1",
            f"reset {name}",
            f"from {'0' * (len(parent) if parent else 40)}",
            "done\n",
        ]
        return self._import(iter(["\n".join(lines).encode()]))

    def _import(self, commands: Iterator[bytes]) -> str:
        return self._git.feed("fast-import", "--quiet", "--done", chunks=commands).decode().strip()

    def sweep(self, before: float) -> int:
        """Remove what git processes that were killed have left of packs; return how many files."""
        removed = 0
        for file in self._folder.glob("objects/**/tmp_*"):
            try:
                if file.stat().st_mtime < before:
                    file.unlink()
                    removed += 1
            except FileNotFoundError:  # its writer has finished
                continue
        return removed
