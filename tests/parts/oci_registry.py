"""A container registry: the real one of the Distribution project, on the loopback interface."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts.need import missing
from tests.parts.ports import free_ports, wait_for

_USER, _PASSWORD = "ci", "the-password-of-the-registry"
# bcrypt is the only form that it takes; with little work, as it is asked often.
_HASH = "$2y$04$J1EMUk6eEz9wssNh8wnwLeHyl43IkwuTLzKLwQM/clnYVZJKkATAu"
_SETTINGS = """version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: "{data}"}}
  delete: {{enabled: true}}
http: {{addr: "{address}"}}
"""
_AUTH = """auth:
  htpasswd: {{realm: tests, path: "{file}"}}
"""


@dataclass(frozen=True)
class Registry:
    """A running registry: ``address`` is host and port, as images are named by it. It speaks plain HTTP.

    With ``user`` and ``password`` it lets nobody in without them.
    """

    address: str
    folder: Path
    user: str | None = None
    password: str | None = None

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{self.address}/v2/"


@pytest.fixture(scope="session")
def oci_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that is open to everybody."""
    with registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="session")
def closed_oci_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks for user and password."""
    with registry(tmp_path_factory.mktemp("registry"), closed=True) as running:
        yield running


@contextmanager
def registry(folder: Path, *, closed: bool = False) -> Iterator[Registry]:
    """A running registry without images."""
    program = shutil.which("docker-registry") or missing("docker-registry, from the Debian package of that name")
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    settings = _SETTINGS.format(data=folder / "data", address=address)
    if closed:
        (folder / "htpasswd").write_text(f"{_USER}:{_HASH}\n")
        settings += _AUTH.format(file=folder / "htpasswd")
    (folder / "settings.yml").write_text(settings)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            # With the tests it has to go, even where they are killed outright.
            ["setpriv", "--pdeathsig", "KILL", program, "serve", folder / "settings.yml"],
            stdout=log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        wait_for(port, process, str(folder / "log"))
        yield Registry(address, folder, *((_USER, _PASSWORD) if closed else ()))
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
