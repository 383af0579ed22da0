"""The local Docker Engine as a place where versions run: one container an instance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_ci.deployment.docker_containers import (
    FOR_GOOD,
    LOOPBACK,
    ONCE,
    STOP_SECONDS,
    Containers,
    condition,
    published,
)
from mlops_ci.deployment.target import Answer, Order, Status
from mlops_ci.edge.docker_engine import telling_of_the_engine
from mlops_ci.edge.http_asking import AskingHttp
from mlops_ci.errors import RemoteError
from mlops_ci.project.deploy import DockerPlace
from mlops_ci.records.deployment import Instance, TargetKind

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_READY = "/health/ready"
_PATIENCE = 60.0  # seconds that a container which was ready once gets to be so on another port
_PAUSE = 0.1


class DockerTarget:
    """The local Engine. Containers listen on the loopback interface of this machine only.

    With a fixed port, a switch stops the previous container and publishes the new one there: a port is given to a
    container when it is made, so that another one of the same image takes its place. Without one every container
    keeps its own port, and a switch only tells it.

    Args:
        engine: the Engine.
        place: port and limits.
        sleep: waits between two looks.
        clock: tells seconds.
    """

    def __init__(
        self,
        engine: DockerClient,
        place: DockerPlace,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = place.port
        self._containers = Containers(engine, place)
        self._sleep = sleep
        self._clock = clock

    @property
    def kind(self) -> TargetKind:
        """What kind of place."""
        return "docker"

    def start(self, order: Order) -> Instance:
        """Start a container beside what serves. It is not started again when it ends: its end is to be seen."""
        name = self._containers.name(order)
        with telling_of_the_engine(where=name):
            found = self._containers.find(name)
            if found is None:
                found = self._containers.create(order)
            elif found.status != "running":
                found.start()
        return _instance(found)

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        """All containers of a deployment of a model, by ``unique``, whatever their condition."""
        with telling_of_the_engine(where=name):
            names = self._containers.of(model, name)
            found = {unique: self._containers.find(container) for unique, container in names.items()}
            return {unique: _instance(container) for unique, container in found.items() if container}

    def status(self, instance: Instance) -> Status:
        """How the container is."""
        with telling_of_the_engine(where=instance.id):
            found = self._containers.find(instance.id)
        return condition(found) if found else Status("gone", "there is no such container any more")

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask the container itself.

        Raises:
            RemoteError: it does not answer (yet).
        """
        with telling_of_the_engine(where=instance.id):
            found = self._require(instance)
        return self._ask(found, method, path, content, headers or {})

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:
        """Let clients reach this container instead of the previous one. From now on the Engine keeps it alive.

        Raises:
            RemoteError: it is gone, the port is taken, or it is not ready there in time; the previous one serves again.
        """
        with telling_of_the_engine(where=instance.id):
            found = self._require(instance)
            if self._port is not None and published(found) != self._port:
                before = self._containers.find(previous.id) if previous and previous.id != instance.id else None
                found = self._take_over(found, before, self._port)
            elif found.status != "running":
                found.start()
            found.update(restart_policy=FOR_GOOD)
            return replace(_instance(found), image=instance.image, url=_url(found))

    def retire(self, instance: Instance) -> None:
        """Stop the container, which may finish its requests, and keep it."""
        with telling_of_the_engine(where=instance.id):
            if found := self._containers.find(instance.id):
                found.update(restart_policy=ONCE)
                found.stop(timeout=STOP_SECONDS)

    def revive(self, instance: Instance) -> Instance:
        """Start a container that was stopped, on a port of its own where another one has taken its port over.

        Raises:
            RemoteError: it is gone.
        """
        with telling_of_the_engine(where=instance.id):
            found = self._require(instance)
            if found.status != "running":
                if published(found) == self._port:
                    found = self._containers.move(found, None, lambda _: None)
                else:
                    found.start()
            return replace(_instance(found), image=instance.image)

    def delete(self, instance: Instance) -> None:
        """Remove the container, after its last requests."""
        with telling_of_the_engine(where=instance.id):
            if found := self._containers.find(instance.id):
                found.stop(timeout=STOP_SECONDS)
                self._containers.remove(instance.id)

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        """The lines that the container has written; ``follow`` goes on until it ends."""
        with telling_of_the_engine(where=instance.id):
            found = self._require(instance)
            stream = found.logs(stream=True, follow=follow)
            rest = b""
            try:
                for piece in stream:
                    *lines, rest = (rest + piece).split(b"\n")
                    yield from (line.decode("utf-8", errors="replace").rstrip("\r") for line in lines)
            finally:
                stream.close()
            if rest:
                yield rest.decode("utf-8", errors="replace")

    @contextmanager
    def debugging(self, order: Order) -> Iterator[Instance]:
        """A container to look at, with its address; it takes nobody's place and is gone afterwards."""
        started = Instance("docker", self._containers.name(order), "")
        try:
            started = self.start(order)
            with telling_of_the_engine(where=started.id):
                url = _url(self._require(started))
            yield replace(started, url=url)
        finally:
            self.delete(started)

    def _take_over(self, container: Container, before: Container | None, port: int) -> Container:
        """Publish a container on the port of the previous one, which serves again if that fails."""
        was_running = before is not None and before.status == "running"
        try:
            if before is not None:
                before.stop(timeout=STOP_SECONDS)
            return self._containers.move(container, port, self._wait_until_ready)
        except BaseException:
            if before is not None and was_running:
                before.start()
            raise

    def _wait_until_ready(self, container: Container) -> None:
        deadline = self._clock() + _PATIENCE
        while True:
            with suppress(RemoteError):
                if self._ask(container, "GET", _READY).status == 200:
                    return
            container.reload()
            how = condition(container)
            if how.condition == "stopped" or self._clock() >= deadline:
                what = f"it is not ready on its port: {how.detail or f'after {_PATIENCE:g} s'}"
                raise RemoteError(what, where=str(container.name))
            self._sleep(_PAUSE)

    def _ask(
        self,
        container: Container,
        method: str,
        path: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        if container.status != "running":
            raise RemoteError("the container does not run", where=str(container.name))
        http = AskingHttp(_url(container), service="the container")
        status, body = http.ask(method, path, content, headers or {})
        return Answer(status, body)

    def _require(self, instance: Instance) -> Container:
        found = self._containers.find(instance.id)
        if found is None:
            raise RemoteError("there is no such container any more", where=instance.id, hint="deploy again")
        return found


def _instance(container: Container) -> Instance:
    name, image = str(container.name), str(container.attrs["Config"]["Image"])
    return Instance("docker", name, f"container {name} of the Docker Engine on this machine", image=image)


def _url(container: Container) -> str:
    return f"http://{LOOPBACK}:{published(container)}"
