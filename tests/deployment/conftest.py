"""The places of the contract suite. A place is one entry of ``PLACES``: it makes a target, and orders for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_ci.deployment.process import ProcessTarget
from mlops_ci.deployment.target import Order, Target
from mlops_ci.project.deploy import ProcessPlace
from tests.deployment.fake_target import FakeTarget
from tests.deployment.office import Make, Office
from tests.parts.ports import free_ports

ROOT = Path(__file__).parents[2]
MODEL, NAME = "flight-delay", "shop"


@dataclass
class Place:
    """A target, and how to order something that answers there."""

    target: Target
    order: Callable[[str], Order]
    orders: list[Order] = field(default_factory=list)

    def clean(self) -> None:
        """Leave nothing behind."""
        for instance in self.target.instances(MODEL, NAME).values():
            self.target.delete(instance)


def _package(folder: Path, **content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "serving.json").write_text(json.dumps(content))
    return folder


def process(folder: Path, port: int | None = None) -> Place:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_KEY": "of the job"}
    target = ProcessTarget(ProcessPlace(port), folder / "state", environ, module="tests.deployment.tiny_server")

    def order(unique: str) -> Order:
        secrets = {"SCORE_KEY": "of the job", "PYTHONPATH": str(ROOT)}
        return Order(NAME, unique, MODEL, 1, package=_package(folder / "package"), secrets=secrets)

    return Place(target, order)


def in_memory(folder: Path) -> Place:
    return Place(FakeTarget(), lambda unique: Order(NAME, unique, MODEL, 2, image=f"r.example/m@sha256:{1:064d}"))


PLACES: dict[str, Callable[[Path], Place]] = {
    "memory": in_memory,
    "process": process,
    "process with a port": lambda folder: process(folder, free_ports(1)[0]),
}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Every kind of place, one after the other."""
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
