"""A place in memory that holds callers to the Protocol ``Target``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from mlops_ci.deployment.target import Answer, Condition, Order, Status
from mlops_ci.errors import RemoteError
from mlops_ci.records.deployment import Instance, TargetKind
from tests.deployment.machine import Machine

URL = "http://fake.example"


@dataclass
class Running:
    """An instance of the place."""

    order: Order
    condition: Condition = "running"
    looks: int = 1  # how often it is asked before it is ready


@dataclass
class FakeTarget:
    """Instances, and which of them clients reach.

    ``broken`` versions end at once, ``slow`` ones never become ready, ``liars`` answer wrongly, and clients of a
    ``deaf`` one get no answer. ``down`` is a place that cannot be reached.
    """

    machine: Machine = field(default_factory=Machine)
    running: dict[str, Running] = field(default_factory=dict)
    traffic: str | None = None
    broken: set[int] = field(default_factory=set)
    slow: set[int] = field(default_factory=set)
    liars: set[int] = field(default_factory=set)
    deaf: set[int] = field(default_factory=set)
    started: int = 0

    @property
    def kind(self) -> TargetKind:
        return "docker"

    def start(self, order: Order) -> Instance:
        assert order.unique and order.image
        return self.machine.call("start", lambda: self._start(order))

    def _start(self, order: Order) -> Instance:
        identity = f"{order.model}.{order.name}.{order.unique}"
        if identity not in self.running:
            self.started += 1
            self.running[identity] = Running(order)
        assert self.running[identity].order == order, "one unique, two orders"
        if order.version in self.broken:
            self.running[identity].condition = "stopped"
        return self._instance(identity)

    def _instance(self, identity: str) -> Instance:
        return Instance("docker", identity, "a place in memory", image=self.running[identity].order.image)

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        def found() -> dict[str, Instance]:
            of_it = {key: each.order for key, each in self.running.items()}
            return {
                order.unique: self._instance(key)
                for key, order in of_it.items()
                if (order.model, order.name) == (model, name)
            }

        return self.machine.call("instances", found)

    def status(self, instance: Instance) -> Status:
        def look() -> Status:
            found = self.running.get(instance.id)
            if found is None:
                return Status("gone")
            return Status(found.condition, "OOMKilled" if found.order.version in self.broken else None)

        return self.machine.call("status", look)

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.machine.call("request", lambda: self._request(instance, path, content))

    def _request(self, instance: Instance, path: str, content: bytes) -> Answer:
        found = self.running.get(instance.id)
        if found is None or found.condition != "running":
            raise RemoteError("nobody answers", where=instance.id)
        if path == "/health/ready":
            found.looks -= found.order.version not in self.slow
            return Answer(200, b"{}") if found.looks < 0 else Answer(503, b"the model is loading")
        assert path == "/score"
        rows = [list(row.values()) if isinstance(row, dict) else row for row in json.loads(content)["data"]]
        lie = 1.0 if found.order.version in self.liars else 0.0
        values = [row[0] * found.order.version + lie for row in rows]
        return Answer(200, json.dumps({"predictions": values}).encode())

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:
        def switch() -> Instance:
            found = self.running.get(instance.id)
            if found is None or found.condition != "running":
                raise RemoteError("there is nothing to switch to", where=instance.id)
            self.traffic = instance.id
            return replace(instance, url=URL)

        return self.machine.call("switch", switch)

    def retire(self, instance: Instance) -> None:
        def retire() -> None:
            if instance.id in self.running:
                self.running[instance.id].condition = "stopped"

        self.machine.call("retire", retire)

    def revive(self, instance: Instance) -> Instance:
        def revive() -> Instance:
            if instance.id not in self.running:
                raise RemoteError("it is gone", where=instance.id)
            if self.running[instance.id].condition == "stopped":
                self.running[instance.id] = Running(self.running[instance.id].order)
            return self._instance(instance.id)

        return self.machine.call("revive", revive)

    def delete(self, instance: Instance) -> None:
        def delete() -> None:
            self.running.pop(instance.id, None)
            if self.traffic == instance.id:
                self.traffic = None

        self.machine.call("delete", delete)

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        yield "its last words"

    def probe(self, instance: Instance) -> None:
        """A client asks."""

        def probe() -> None:
            reached = self.running.get(self.traffic or "")
            if reached is None or reached.condition != "running" or reached.order.version in self.deaf:
                raise RemoteError("nobody answers clients", where=instance.url)

        self.machine.call("probe", probe)
