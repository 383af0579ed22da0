"""The places of the contract suite. A place is one entry of ``PLACES``: it makes a target, and orders for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_ci.deployment.docker import DockerTarget
from mlops_ci.deployment.process import ProcessTarget
from mlops_ci.deployment.target import Order, Target
from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.project.deploy import DockerPlace, ProcessPlace
from tests.deployment.clouds import Cloud, container_instances, kubernetes
from tests.deployment.fake_target import FakeTarget
from tests.deployment.office import Make, Office
from tests.parts.docker_engine import Engine
from tests.parts.ports import free_ports
from tests.parts.tiny_image import TinyImage

ROOT = Path(__file__).parents[2]
MODEL, NAME = "flight-delay", "shop"


@dataclass
class Place:
    """A target, and how to order something that answers there."""

    target: Target
    order: Callable[[str], Order]
    orders: list[Order] = field(default_factory=list)
    parts: ExitStack = field(default_factory=ExitStack)

    def clean(self) -> None:
        """Leave nothing behind."""
        with self.parts:
            for instance in self.target.instances(MODEL, NAME).values():
                self.target.delete(instance)


def _package(folder: Path, **content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "serving.json").write_text(json.dumps(content))
    return folder


def process(folder: Path, port: int | None = None) -> Place:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_KEY": "of the job"}
    environ["MLOPS_CI_CACHE_DIR"] = str(folder / "cache")
    target = ProcessTarget(ProcessPlace(port), folder / "state", environ, module="tests.deployment.tiny_server")

    def order(unique: str) -> Order:
        secrets = {"SCORE_KEY": "of the job", "PYTHONPATH": str(ROOT)}
        return Order(NAME, unique, MODEL, 1, package=_package(folder / "package"), secrets=secrets)

    return Place(target, order)


def in_memory(folder: Path) -> Place:
    return Place(FakeTarget(), lambda unique: Order(NAME, unique, MODEL, 2, image=f"r.example/m@sha256:{1:064d}"))


def cloud(opened: AbstractContextManager[Cloud]) -> Place:
    parts = ExitStack()
    target = parts.enter_context(opened).target
    return Place(target, lambda unique: Order(NAME, unique, MODEL, 1, image="r.example/m@sha256:0"), parts=parts)


PLACES: dict[str, Callable[[Path], Place]] = {
    "aci": lambda _: cloud(container_instances()),
    "kubernetes": lambda folder: cloud(kubernetes(folder)),
    "memory": in_memory,
    "process": process,
    "process with a port": lambda folder: process(folder, free_ports(1)[0]),
}


# Those that want the real Engine, and the port that they serve at.
ENGINE_PLACES: dict[str, Callable[[], int | None]] = {
    "docker": lambda: None,
    "docker with a port": lambda: free_ports(1)[0],
}
_PARAMS = [*sorted(PLACES), *(pytest.param(name, marks=pytest.mark.xdist_group("docker")) for name in ENGINE_PLACES)]


def docker(engine: Engine, image: TinyImage, port: int | None) -> Place:
    target = DockerTarget(open_engine({"DOCKER_HOST": engine.host}), DockerPlace(port, None, None, None))
    return Place(target, lambda unique: Order(NAME, unique, MODEL, 3, image=image.id))


@pytest.fixture(params=_PARAMS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Every kind of place, one after the other."""
    if request.param in ENGINE_PLACES:
        engine, image = request.getfixturevalue("docker_engine"), request.getfixturevalue("tiny_image")
        made = docker(engine, image, ENGINE_PLACES[request.param]())
    else:
        made = PLACES[request.param](tmp_path)
    yield made
    made.clean()


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make an office in which these versions were deployed one after the other; three are registered."""
    made: dict[tuple[int, ...], Office] = {}

    def make(*before: int) -> Office:
        if before not in made:
            office = Office()
            office.register(tmp_path_factory.mktemp("sources"), 3)
            for version in before:
                office.deploy(version)
                office.require_settled()
            made[before] = office
        office = made[before].copy()
        office.machine.watch = office.require_sound
        return office

    return make
