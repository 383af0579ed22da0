"""Conda environments: solved, locked and installed for real, from a channel made by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.conda_channel import PLACEHOLDER, write_package, write_python
from tests.support.lab import Done, Lab
from tests.support.wheels import write_wheel

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = """\
version: 1
model: {name: tiny, files: [version.txt]}
environment: {conda: environment.yml}
steps:
  look:
    run: gadget > version.txt
    inputs: [look.txt]
    outputs: [version.txt]
"""


class Boxed:
    """A project with a conda environment, and a channel of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.channel = folder / "channel"
        self.address = f"file://{self.channel}"
        self.wheels = folder / "wheels"
        self.env = {
            "MLOPS_CI_CACHE_DIR": str(folder / "cache"),
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_CACHE_DIR": str(folder / "uv"),
        }
        write_python(self.channel)
        self.gadget("1.0")
        write_wheel(self.wheels, "gizmo", "3.0")
        lab.write("mlops.yaml", PROJECT)
        lab.write("look.txt", "x")
        self.ask("gadget")
        lab.commit()

    def gadget(self, version: str) -> None:
        """Release a version of the gadget."""
        write_package(self.channel, "gadget", version, {"bin/gadget": f"#!/bin/sh\necho {version} {PLACEHOLDER}\n"})

    def ask(self, *specs: str, pip: str = "") -> None:
        """Write what the environment is to be."""
        lines = "".join(f"  - {spec}\n" for spec in ("python", *specs))
        more = f"  - pip:\n      - {pip}\n" if pip else ""
        self.lab.write("environment.yml", f"name: any\nchannels: ['{self.address}']\ndependencies:\n{lines}{more}")

    def call(self, *arguments: str) -> Done:
        return self.lab.run(*arguments, env=self.env)

    def run(self) -> Any:
        """Run the pipeline and return the record."""
        done = self.call("run", "--json", "--restore")
        assert done.code == 0, done.err
        return done.json

    @property
    def printed(self) -> str:
        return (self.lab.folder / "version.txt").read_text()


@pytest.fixture
def folder_server() -> Iterator[Callable[[Path], str]]:
    """Serves folders over HTTP; returns their addresses."""
    servers: list[ThreadingHTTPServer] = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def boxed(lab: Lab, tmp_path: Path) -> Boxed:
    return Boxed(lab, tmp_path)


def test_an_environment_is_solved_locked_and_installed(boxed: Boxed) -> None:
    lock = boxed.run()["environment"]
    version, prefix = boxed.printed.strip().split(maxsplit=1)
    assert version == "1.0" and Path(prefix, "bin", "gadget").exists()
    assert (lock["kind"], lock["python"]) == ("conda", PYTHON)
    assert "gadget-1.0-0.tar.bz2" in lock["text"] and "sha256:" in lock["text"]


def test_a_new_release_changes_nothing_until_the_file_changes(boxed: Boxed) -> None:
    before = boxed.run()
    boxed.gadget("2.0")
    again = boxed.run()
    assert again["environment"] == before["environment"]
    assert again["steps"][0]["status"] == "reused"
    boxed.ask("gadget >=1")
    boxed.run()
    assert boxed.printed.startswith("2.0")


def test_pip_adds_what_conda_does_not_have(boxed: Boxed) -> None:
    boxed.lab.write("mlops.yaml", PROJECT.replace("gadget >", "python -c 'import gizmo; print(gizmo.VERSION)' >"))
    boxed.ask("gadget", pip="gizmo")
    lock = boxed.run()["environment"]
    assert boxed.printed == "3.0\n"
    assert "gizmo==3.0" in lock["text"] and "--hash=sha256:" in lock["text"]


def test_what_conda_provides_is_not_installed_again_by_pip(boxed: Boxed) -> None:
    write_package(boxed.channel, "gizmo", "2.0", {"share/gizmo": ""})
    write_wheel(boxed.wheels, "gizmo", "2.0")
    boxed.ask("gadget", "gizmo", pip="gizmo>=1")
    assert "gizmo==" not in boxed.run()["environment"]["text"]


def test_a_lock_in_the_repository_rules_until_the_file_changes(boxed: Boxed) -> None:
    assert boxed.call("environment", "lock").code == 0
    assert boxed.call("environment", "check").code == 0
    boxed.gadget("2.0")
    boxed.env["MLOPS_CI_CACHE_DIR"] += "-another-machine"
    boxed.run()
    assert boxed.printed.startswith("1.0")
    done = boxed.call("environment", "lock")
    assert done.code == 0 and "2.0" in done.out and "gadget" in done.out
    boxed.ask("gadget <2")
    for stale in (boxed.call("environment", "check"), boxed.call("run")):
        assert stale.code == 2 and "environment.lock.yml; run mlops-ci environment lock" in stale.err


def test_the_packages_of_a_version_are_compared_with_those_of_today(boxed: Boxed) -> None:
    assert boxed.call("ci").code == 0
    boxed.gadget("2.0")
    boxed.ask("gadget >=2")
    done = boxed.call("environment", "diff", "v1", "--json")
    assert done.json == [{"name": "gadget", "before": "1.0 0", "after": "2.0 0"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels: [conda-forge]\n", "dependencies are expected"),
        ("dependencies: [python]\n", "channels are expected"),
        ("channels: [defaults]\ndependencies: [python]\n", "write conda-forge"),
        ("channels: [x]\ndependencies: [{apt: [gcc]}]\n", "a package is expected"),
        ("channels: [x]\ndependencies: [python]\nvariables: {A: b}\n", "variables are not set"),
        ("channels: [x]\ndependencies: [python]\ndependancies: []\n", "unknown key 'dependancies'"),
        ("channels: ['file:///nowhere']\ndependencies: [python]\n", "a conda channel cannot be read"),
        ("channels: [x\n", "environment.yml:"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(boxed: Boxed, text: str, says: str) -> None:
    boxed.lab.write("environment.yml", text)
    done = boxed.call("run")
    assert done.code in {2, 3} and says in done.err and "environment.yml" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("specs", "code", "says"),
    [
        (("nothing-of-that-name",), 2, "cannot be solved"),
        (("gadget >=7",), 2, "cannot be solved"),
        (("'gadget ]=['",), 2, "environment.yml"),
    ],
)
def test_what_cannot_be_solved_is_said_in_a_line(boxed: Boxed, specs: tuple[str, ...], code: int, says: str) -> None:
    boxed.ask(*specs)
    done = boxed.call("run")
    assert done.code == code and says in done.err and len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize("served", [False, True], ids=["folder", "http"])
def test_a_package_that_is_not_what_the_lock_says_is_refused(boxed: Boxed, served: bool, folder_server: Any) -> None:
    if served:
        boxed.address = folder_server(boxed.channel)
        boxed.ask("gadget")
    assert boxed.call("environment", "lock").code == 0
    write_package(boxed.channel, "gadget", "1.0", {"bin/gadget": "#!/bin/sh\necho evil\n"})
    boxed.env["MLOPS_CI_CACHE_DIR"] += "-another-machine"
    done = boxed.call("run", "--restore")
    assert done.code == 5 and "not what the lock says" in done.err
