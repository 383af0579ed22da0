"""Versions as processes of this machine: for trying things out, and for a server that has nothing but Python.

With a port of its own, an instance is tried. To switch to a public port, a second server of the same package is started
that takes the listening socket over from the old one; once it says that it serves, the old one finishes what it has
begun and ends. What waits in the socket meanwhile is answered by whoever comes first.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from mlops_ci.deployment.process_files import Files, Running, Start
from mlops_ci.deployment.target import Answer, Order, Status
from mlops_ci.edge.daemon import is_alive, spawn, stop
from mlops_ci.edge.http_asking import AskingHttp
from mlops_ci.edge.own_package import own_package
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.project.deploy import ProcessPlace
from mlops_ci.records.deployment import Instance, TargetKind

HOST = "127.0.0.1"
_DRAIN = 40.0  # seconds; the server takes fewer by itself
_READY = 120.0
_POLL = 0.05
_LAST = 4096
_LOG_LEVEL = "MLOPS_CI_SERVE_LOG_LEVEL"  # of our server
_KEPT = ", kept in "
# What a program needs to find itself, its libraries and its processors; no credentials among them.
_PASSED_ON = frozenset({
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "SSL_CERT_FILE", "SSL_CERT_DIR",
})  # fmt: skip


class ProcessTarget:
    """This machine.

    Args:
        place: what the user chose.
        folder: where instances are kept.
        environ: the variables of the job, from which a server gets its own.
        module: the server, as a module of Python.
    """

    def __init__(
        self, place: ProcessPlace, folder: Path, environ: Mapping[str, str], *, module: str = "mlops_ci.serving"
    ) -> None:
        self._public = place.port
        self._root = folder.absolute()
        self._environ = environ
        self._module = module
        self._given: dict[str, Mapping[str, str]] = {}

    @property
    def kind(self) -> TargetKind:
        """A process."""
        return "process"

    def start(self, order: Order) -> Instance:
        """Start a server of a copy of the package, on a free port."""
        files = Files(self._root, f"{order.model}/{order.name}/{order.unique}")
        self._given[files.identity] = order.secrets
        if order.package is None:
            raise UsageError("a process serves no image", where=order.name, hint="deploy without --image")
        with files.alone():
            if files.start is None:
                python, variables = str(order.python or sys.executable), tuple(sorted(order.secrets))
                files.make(order.package, Start(order.version, python, dict(order.environ), variables))
            if not files.running():
                self._spawn(files, None)
        return self._instance(files)

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        """What is kept on this machine."""
        found = Files(self._root, f"{model}/{name}/none").siblings()
        return {files.folder.name: self._instance(files) for files in found}

    def status(self, instance: Instance) -> Status:
        """Whether its process runs."""
        files = self._files(instance)
        if files.start is None:
            return Status("gone", f"nothing is known on {socket.gethostname()} of {instance.place}")
        return Status("running") if files.running() else Status("stopped", self._last_line(files))

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask it on its own port."""
        files = self._files(instance)
        running = files.running()
        if not running:
            raise RemoteError("the process does not run", where=instance.id)
        http = AskingHttp(f"http://{HOST}:{running[0].port}", service="the scoring server")
        return Answer(*http.ask(method, path, content, headers or {}))

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:
        """Let the public port lead to it; without one, its own port is the address."""
        del previous  # whoever has the public port is found there
        files = self._files(instance)
        with files.alone():
            running = files.running()
            if files.start is None or not (running or self._public):
                raise RemoteError("the process does not run", where=instance.id, hint="deploy the version again")
            if self._public is None:
                return replace(instance, url=f"http://{HOST}:{running[0].port}")
            if not any(each.port == self._public for each in running):
                self._join_public_port(files, self._public)
            self._leave_public_port(files)
        return replace(instance, url=f"http://{HOST}:{self._public}")

    def retire(self, instance: Instance) -> None:
        """End its process, and keep the package."""
        files = self._files(instance)
        if files.start is not None:
            with files.alone():
                self._stop(files)

    def revive(self, instance: Instance) -> Instance:
        """Start its process again."""
        files = self._files(instance)
        with files.alone():
            if files.start is None:
                raise RemoteError("the instance is gone", where=instance.id, hint="deploy the version again")
            if not files.running():
                self._spawn(files, None)
        return self._instance(files)

    def delete(self, instance: Instance) -> None:
        """End its process, and remove its files.

        Raises:
            RemoteError: its files are gone already, but it answers: nobody knows which process it is.
        """
        files = self._files(instance)
        if files.start is not None:
            with files.alone():
                self._stop(files)
                files.remove()
        elif instance.url and _is_here(instance) and not _is_of_another(files, instance.url) and _answers(instance.url):
            hint = "end that server, then delete the deployment again"
            raise RemoteError("its files are gone, but a server still answers", where=instance.url, hint=hint)

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        """The lines of its log file."""
        files = self._files(instance)
        if not files.log.exists():
            return
        with files.log.open(encoding="utf-8", errors="replace") as file:
            rest = ""
            while True:
                over = not follow or not files.running()  # asked first, so that the last lines are read
                for line in file:
                    rest += line
                    if rest.endswith("\n"):
                        yield rest.rstrip("\n")
                        rest = ""
                if over:
                    break
                time.sleep(_POLL)
            if rest:
                yield rest

    @contextmanager
    def debugging(self, order: Order) -> Iterator[Instance]:
        """A process to look at, with its address and talkative; it takes nobody's place and is gone afterwards."""
        started = self.start(replace(order, environ={_LOG_LEVEL: "debug", **order.environ}))
        try:
            running = self._files(started).running()
            yield replace(started, url=f"http://{HOST}:{running[0].port}" if running else None)
        finally:
            self.delete(started)

    def _files(self, instance: Instance) -> Files:
        """Its files, which may lie in another folder of this machine: that of the job that started it."""
        ours = Files(self._root, instance.id)
        _, _, folder = instance.place.partition(_KEPT)
        if ours.start is not None or not (_is_here(instance) and Path(folder).is_absolute()):
            return ours
        theirs = Files(Path(folder), instance.id)
        return theirs if theirs.start is not None else ours

    def _instance(self, files: Files) -> Instance:
        return Instance("process", files.identity, f"{_here()}{_KEPT}{files.root}")

    def _spawn(self, files: Files, public: int | None) -> Running:
        start = files.start
        if start is None:
            raise RemoteError("the instance is gone", where=files.identity)
        port = public or _free_port()
        # -P: no module of the folder that we happen to be in is the server.
        argv = [start.python, "-P", "-m", self._module, "--package", str(files.package), "--host", HOST]
        offer = files.folder.parent / f".port-{port}"
        argv += ["--port", str(port), *(["--handover", str(offer)] if public else [])]
        record = files.record(port)
        daemon = spawn(argv, env=self._variables(files.identity, start), log=files.log, record=record)
        return Running(daemon, port, record)

    def _variables(self, identity: str, start: Start) -> dict[str, str]:
        values = self._given.get(identity)
        if values is None:
            if missing := [name for name in start.variables if name not in self._environ]:
                hint = "the server had it when it was deployed: give it to this job, too"
                raise UsageError(f"the variable {missing[0]} is not set", where=identity, hint=hint)
            values = {name: self._environ[name] for name in start.variables}
        own = {name: value for name, value in self._environ.items() if name in _PASSED_ON}
        # It need not be installed: an action runs it from its own checkout.
        own["PYTHONPATH"] = str(own_package(self._environ))
        return {**own, "PYTHONUNBUFFERED": "1", **start.environ, **values}

    def _join_public_port(self, files: Files, port: int) -> None:
        """Start a server there. On a port that two have, only its own words tell that it is ready."""
        begin = files.log.stat().st_size if files.log.exists() else 0
        server = self._spawn(files, port)
        said, end = f" at http://{HOST}:{port} ", time.monotonic() + _READY
        while said not in files.said(begin):
            if not is_alive(server.daemon) or time.monotonic() > end:
                stop(server.daemon, 0.0)
                server.record.unlink(missing_ok=True)
                what = f"no server came up on port {port}: {self._last_line(files) or 'it said nothing'}"
                raise RemoteError(what, where=files.identity, hint="the port may be taken; choose another")
            time.sleep(_POLL)

    def _leave_public_port(self, files: Files) -> None:
        """End the server that was only tried, and whatever else of the deployment has the public port."""
        for each in files.running():
            if each.port != self._public:
                self._end(each)
        for other in files.siblings():
            for each in other.running():
                if each.port == self._public:
                    self._end(each)

    def _stop(self, files: Files) -> None:
        for each in files.running():
            self._end(each)

    def _end(self, server: Running) -> None:
        stop(server.daemon, _DRAIN)
        server.record.unlink(missing_ok=True)

    def _last_line(self, files: Files) -> str | None:
        lines = [line for line in files.said(-_LAST).splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else None


def _here() -> str:
    return f"a process on {socket.gethostname()}"


def _is_here(instance: Instance) -> bool:
    return instance.place.partition(_KEPT)[0] == _here()


def _is_of_another(files: Files, url: str) -> bool:
    """Whether another instance of the deployment serves at an address, as one after the other does at a fixed port."""
    port = urlsplit(url).port
    return any(running.port == port for each in files.siblings() for running in each.running())


def _answers(url: str) -> bool:
    try:
        AskingHttp(url, service="the scoring server").ask("GET", "/health/live", b"", {})
    except RemoteError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
