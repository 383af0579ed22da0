"""A Docker Engine of our own: a real ``dockerd`` on a socket of its own, and nothing left of it afterwards.

Tests that use it belong to one group of workers: ``pytestmark = pytest.mark.xdist_group("docker")``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts.need import missing
from tests.parts.ports import log_tail

_PATIENCE = 60.0
# dockerd ends when our end of the pipe does, so also where the tests are killed outright; then its traces are removed.
# It gets a bridge of its own, as another Engine of the machine gives out addresses on docker0.
_KEEPER = """
exec 3<&0
ip link add name "$BRIDGE" type bridge && ip address add "$SUBNET" dev "$BRIDGE" && ip link set "$BRIDGE" up || exit 1
"$@" </dev/null & engine=$!
{ cat <&3 >/dev/null; kill "$engine"; } & reader=$!
wait "$engine"; status=$?
kill "$reader" 2>/dev/null
ip link delete "$BRIDGE"
rm -rf "$FOLDER" &  # which takes its time, and nobody has to wait for it
exit "$status"
"""


@dataclass(frozen=True)
class Engine:
    """A running Engine: the address of its socket, as in ``DOCKER_HOST``."""

    host: str


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """A running Engine without images, for all tests of the session."""
    with engine() as running:
        yield running


@contextmanager
def engine() -> Iterator[Engine]:
    """A running Engine, whose containers are gone afterwards, too."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which("dockerd", path=path) or missing("dockerd, from the Debian package docker.io")
    if shutil.which("ip", path=path) is None:
        missing("ip, from the Debian package iproute2")
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # a socket's path has to be short
    socket_file = folder / "docker.sock"
    (folder / "daemon.json").write_text("{}")  # the machine's own is for another
    number = os.getpid()
    settings = {
        "BRIDGE": f"mlops{number}",
        "SUBNET": f"10.{200 + number % 50}.{number // 50 % 250}.1/24",
        "FOLDER": str(folder),
        "PATH": path,
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [
                *_as_root(), "env", *(f"{name}={value}" for name, value in settings.items()),
                "sh", "-c", _KEEPER, "keeper", program, "--data-root", folder / "data", "--exec-root", folder / "exec",
                "--pidfile", folder / "pid", "--config-file", folder / "daemon.json",
                "--host", f"unix://{socket_file}", "--group", str(os.getgid()), "--bridge", settings["BRIDGE"],
                # Published ports go through its proxy: the machine's firewall stays as it is.
                "--iptables=false", "--ip-forward=false", "--ip-masq=false", "--shutdown-timeout", "1",
            ],
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(socket_file, process, f"/proc/self/fd/{log.fileno()}")
            yield Engine(f"unix://{socket_file}")
            _remove_containers(f"unix://{socket_file}")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_PATIENCE)


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
        missing("the rights to start dockerd: root, or sudo without a password")
    return [sudo, "-n"]


def _wait_for(socket_file: Path, process: subprocess.Popen[bytes], log: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"dockerd ended by itself:\n{log_tail(log)}"
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(socket_file)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"dockerd does not listen:\n{log_tail(log)}")


def _remove_containers(host: str) -> None:
    import docker

    client = docker.DockerClient(base_url=host)
    try:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
    finally:
        client.close()
