"""Containers of the local Docker Engine: how one is ordered, found, published on another port, and described."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_ci.deployment.names import host_label
from mlops_ci.deployment.target import Order, Status
from mlops_ci.edge.docker_engine import telling_of_the_engine
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.project.deploy import DockerPlace

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PORT = "8080/tcp"
LOOPBACK = "127.0.0.1"
MODEL, DEPLOYMENT, UNIQUE = "mlops-ci.model", "mlops-ci.deployment", "mlops-ci.unique"
# The SDK's types do not know these two policies.
ONCE: Any = {"Name": "no"}
FOR_GOOD: Any = {"Name": "unless-stopped"}
_MOVING = "-moving"
_UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}
STOP_SECONDS = 30  # to finish requests, before it is killed
_ATTEMPTS = 3  # at a port that somebody else may take meanwhile
_TAKEN = ("port is already allocated", "address already in use")


class Containers:
    """Containers that were made from orders. Their names follow from the orders.

    Args:
        engine: the Engine.
        place: their limits.
    """

    def __init__(self, engine: DockerClient, place: DockerPlace) -> None:
        self._engine = engine
        self._place = place

    def name(self, order: Order) -> str:
        """What the container of an order is called."""
        return host_label(order.name, order.model, order.unique)

    def find(self, name: str) -> Container | None:
        """A container by name; one whose move was cut off before it got its name is given it."""
        if found := self._get(name):
            return found
        moved = self._get(f"{name}{_MOVING}")
        if moved is not None:
            moved.rename(name)
            moved.reload()
        return moved

    def of(self, model: str, deployment: str) -> dict[str, str]:
        """The names of all containers of a deployment, by ``unique``."""
        wanted = [f"{MODEL}={model}", f"{DEPLOYMENT}={deployment}"]
        found = self._engine.containers.list(all=True, filters={"label": wanted}, ignore_removed=True)
        return {each.labels[UNIQUE]: str(each.name).removesuffix(_MOVING) for each in found if UNIQUE in each.labels}

    def create(self, order: Order) -> Container:
        """A new container of an order, which runs, published on a free port of the loopback interface.

        Raises:
            RemoteError: the image cannot be had, or the Engine refuses.
        """
        image = self._obtain(order.image)
        labels = {MODEL: order.model, DEPLOYMENT: order.name, UNIQUE: order.unique}
        labels |= {"mlops-ci.version": str(order.version), "mlops-ci.commit": order.commit or ""}

        def make(port: int) -> Container:
            return self._engine.containers.create(
                image,
                name=self.name(order),
                environment={**order.environ, **order.secrets},
                labels=labels,
                ports={PORT: (LOOPBACK, port)},
                restart_policy=ONCE,
                init=True,  # hands signals on also to a process that has not asked for them yet
                security_opt=["no-new-privileges"],
                **self._limits(),
            )

        with telling_of_the_engine(where=self.name(order), redact=Redactor(order.secrets.values())):
            return _started_on_a_free_port(make)

    def move(self, container: Container, port: int | None, ready: Callable[[Container], None]) -> Container:
        """Replace a container by one that is published on another port (None: a free one) and else the same.

        The old one is removed once the new one runs and ``ready`` does not object; until then it stays.
        """
        name = str(container.name)
        self.remove(f"{name}{_MOVING}")

        def make(chosen: int) -> Container:
            config = {key: value for key, value in container.attrs["Config"].items() if key != "Hostname"}
            host = dict(container.attrs["HostConfig"])
            host["PortBindings"] = {PORT: [{"HostIp": LOOPBACK, "HostPort": str(chosen)}]}
            config["HostConfig"] = host
            made = self._engine.api.create_container_from_config(config, f"{name}{_MOVING}")  # type: ignore[no-untyped-call]
            return self._engine.containers.get(made["Id"])

        try:
            moved = _started(make(port), port) if port else _started_on_a_free_port(make)
            ready(moved)
        except BaseException:
            self.remove(f"{name}{_MOVING}")
            raise
        self.remove(name)
        moved.rename(name)
        moved.reload()
        return moved

    def remove(self, name: str) -> None:
        """Remove a container and its volumes; what is gone is no error."""
        from docker.errors import APIError, NotFound

        if (found := self._get(name)) is None:
            return
        try:
            found.remove(force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # somebody else is at it
                raise

    def _get(self, name: str) -> Container | None:
        from docker.errors import NotFound

        try:
            return self._engine.containers.get(name)
        except NotFound:
            return None

    def _obtain(self, image: str | None) -> str:
        """An image that the Engine has, if need be from the registry."""
        from docker.errors import ImageNotFound

        if image is None:
            raise UsageError("Docker runs images, and there is none", hint="build one: mlops-ci image build")
        with telling_of_the_engine(where=image):
            try:
                self._engine.images.get(image)
                return image
            except ImageNotFound:
                if "@" not in image:
                    raise RemoteError("the Docker Engine does not have the image", where=image) from None
        with telling_of_the_engine(where=image, hint="check that it was pushed, and log in with docker login"):
            self._engine.images.pull(image)
        return image

    def _limits(self) -> Mapping[str, Any]:
        from docker.types import DeviceRequest

        found: dict[str, Any] = {}
        if self._place.cpu is not None:
            found["nano_cpus"] = int(self._place.cpu * 1e9)
        if self._place.memory is not None:
            # Without swap: beyond the limit it is killed, and says so, rather than becoming slow.
            found["mem_limit"] = found["memswap_limit"] = _bytes(self._place.memory)
        if self._place.gpu:
            found["device_requests"] = [DeviceRequest(count=self._place.gpu, capabilities=[["gpu"]])]
        return found


def published(container: Container) -> int:
    """The port of this machine under which a container is reached."""
    return int(container.attrs["HostConfig"]["PortBindings"][PORT][0]["HostPort"])


def condition(container: Container) -> Status:
    """How a container is, and why it is not otherwise."""
    state = container.attrs["State"]
    match state["Status"]:
        case "running":
            sick = (state.get("Health") or {}).get("Status") == "unhealthy"
            return Status("running", "its health check fails" if sick else None)
        case "created" | "restarting":
            return Status("starting", _end_of(state) if state["Status"] == "restarting" else state.get("Error") or None)
        case "paused":
            return Status("stopped", "it is paused")
        case _:
            return Status("stopped", _end_of(state))


def _end_of(state: Mapping[str, Any]) -> str:
    why = f"it ended with exit code {state['ExitCode']}"
    if state.get("OOMKilled"):
        return f"{why}: out of memory"
    return f"{why}: {' '.join(state['Error'].split())}" if state.get("Error") else why


def _started_on_a_free_port(make: Callable[[int], Container]) -> Container:
    """Our own choice of a port, which stays the same when the container starts again, unlike one of the Engine's."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _started(make(port := _free_port()), port)
        except _PortTakenError:
            continue
    return _started(make(port := _free_port()), port)


class _PortTakenError(RemoteError):
    """Somebody else listens there."""


def _started(container: Container, port: int) -> Container:
    from docker.errors import APIError

    try:
        container.start()
    except APIError as error:
        container.remove(force=True, v=True)
        if any(words in str(error.explanation) for words in _TAKEN):
            hint = "choose another port in mlops.yaml, or end what listens there"
            raise _PortTakenError(f"the port {port} is taken", where=str(container.name), hint=hint) from error
        raise
    except BaseException:
        container.remove(force=True, v=True)
        raise
    container.reload()
    return container


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _bytes(size: str) -> int:
    return int(float(size[:-2]) * _UNITS[size[-2:]])
