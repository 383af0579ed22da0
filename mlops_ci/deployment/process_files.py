"""The files of an instance that is a process of this machine: package, log, how it is started, and who it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.daemon import Daemon, is_alive, read_record
from mlops_ci.errors import IntegrityError
from mlops_ci.project.names import is_name
from mlops_ci.records.codec import decode, encode

_START = "start.json"
_RECORD = "process-"


@dataclass(frozen=True, slots=True)
class Start:
    """How the server is started: by which Python, with which variables of its own and ``variables`` of the job.

    The values of the job's are not kept.
    """

    version: int
    python: str
    environ: dict[str, str]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A server, and its port."""

    daemon: Daemon
    port: int
    record: Path


class Files:
    """The folder of one instance.

    Args:
        root: where all instances of this machine are.
        identity: ``model/deployment/unique``.

    Raises:
        IntegrityError: the identity is none.
    """

    def __init__(self, root: Path, identity: str) -> None:
        parts = identity.split("/")
        if len(parts) != 3 or not all(map(is_name, parts)):
            raise IntegrityError("not an instance of this machine", where=repr(identity[:80]))
        self.identity = identity
        self.folder = root.joinpath(*parts)
        self._root = root

    @property
    def package(self) -> Path:
        """The model package."""
        return self.folder / "package"

    @property
    def log(self) -> Path:
        """What the server has written."""
        return self.folder / "server.log"

    @property
    def start(self) -> Start | None:
        """How it is started; None if there is no such instance."""
        try:
            data = (self.folder / _START).read_bytes()
        except OSError:
            return None
        return decode(data, Start, where=str(self.folder))

    def make(self, package: Path, start: Start) -> None:
        """Write all that the instance consists of, whole or not at all."""
        partial = self.folder.with_name(f".{self.folder.name}.{uuid.uuid4().hex}")
        try:
            shutil.copytree(package, partial / "package", symlinks=True)
            (partial / _START).write_bytes(encode(start))
            partial.replace(self.folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def record(self, port: int) -> Path:
        """Where a server on this port writes who it is."""
        return self.folder / f"{_RECORD}{port}"

    def running(self) -> list[Running]:
        """The servers that run."""
        found = []
        for record in sorted(self.folder.glob(f"{_RECORD}*")):
            port = record.name.removeprefix(_RECORD)
            daemon = read_record(record) if port.isdigit() else None
            if daemon and is_alive(daemon):
                found.append(Running(daemon, int(port), record))
        return found

    def said(self, begin: int) -> str:
        """What the log has from a byte on; of the last bytes where that is negative."""
        try:
            with self.log.open("rb") as file:
                file.seek(begin if begin >= 0 else max(0, file.seek(0, os.SEEK_END) + begin))
                return file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def siblings(self) -> list[Files]:
        """The other instances of the same deployment."""
        parent = self.identity.rpartition("/")[0]
        names = sorted(each.name for each in self.folder.parent.glob("[!.]*") if is_name(each.name))
        found = [Files(self._root, f"{parent}/{name}") for name in names if name != self.folder.name]
        return [files for files in found if files.start]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else from starting or stopping instances of this deployment."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
