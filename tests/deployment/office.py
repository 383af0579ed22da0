"""A workspace with versions, a place, and those who deploy; and what must be so whatever happens."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_ci.deployment.target import Order
from mlops_ci.errors import MlopsError
from mlops_ci.lifecycle.deploying import Outcome, deploy, rollback
from mlops_ci.lifecycle.deployment_upkeep import Checked, check, delete
from mlops_ci.lifecycle.site import Site
from mlops_ci.records.actor import Actor
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.records.signature import Column
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from tests.deployment.fake_target import FakeTarget
from tests.deployment.machine import Machine, MortalStore
from tests.registry.making import MODEL, registration, sha

NAME = "shop"
Make = Callable[..., "Office"]
ROWS = (1.0, 2.5)


def samples_of(version: int) -> Samples:
    """Rows, and what a version answers to them."""
    return Samples(
        format=SAMPLES_FORMAT,
        columns=(Column("x", "Float64"),),
        rows=tuple((row,) for row in ROWS),
        predictions={"prediction": tuple(row * version for row in ROWS)},
    )


@dataclass
class Office:
    """One place, one workspace, any number of jobs."""

    machine: Machine = field(default_factory=Machine)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    said: list[tuple[str, str]] = field(default_factory=list)
    _read: ModelState | None = None

    def __post_init__(self) -> None:
        self.store = MortalStore(self.machine)
        self.target = FakeTarget(self.machine)

    def copy(self) -> Office:
        """Another office in which the same has happened, on a machine of its own."""
        other = Office(now=self.now)
        other.store.objects.update(self.store.objects)
        other.target.running = copy.deepcopy(self.target.running)
        other.target.traffic = self.target.traffic
        return other

    def register(self, folder: Path, count: int) -> None:
        for number in range(1, count + 1):
            register(self.log(), registration(folder, sha(number), f"f{number}"))

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def log(self) -> ModelLog:
        return ModelLog(self.store, MODEL, actor=Actor("tester"), clock=self.clock)

    def site(self, workspace: str = "w1") -> Site:
        """As a new job opens it."""
        return Site(
            log=self.log(),
            workspace=workspace,
            name=NAME,
            target=self.target,
            timeout=60.0,
            tolerance=1e-4,
            say=lambda stage, text: self.said.append((stage, text)),
            probe=self.target.probe,
            clock=self.clock,
            sleep=self.sleep,
        )

    def order(self, version: int, unique: str) -> Order:
        return Order(NAME, unique, MODEL, version, image=f"registry.example/model@sha256:{version:064d}")

    def deploy(self, version: int, *, again: bool = False) -> Outcome:
        return deploy(self.site(), version, self.order, samples_of(version), again=again)

    def rollback(self) -> Outcome:
        return rollback(self.site(), self.order, samples_of)

    def check(self) -> Checked | None:
        return check(self.site(), samples_of)

    def delete(self) -> None:
        delete(self.site())

    @property
    def state(self) -> ModelState:
        """What the log says, read by somebody to whom nothing happens."""
        entries = sum("/log/" in key for key in self.store.objects)
        if self._read is None or self._read.head != entries:
            now = self.machine.dead, self.machine.cut
            self.machine.dead = self.machine.cut = False
            self._read = self.log().read()
            self.machine.dead, self.machine.cut = now
        return self._read

    @property
    def known(self) -> DeploymentState | None:
        return self.state.deployments.get(NAME)

    @property
    def serving(self) -> int | None:
        """The version that clients reach."""
        found = self.target.running.get(self.target.traffic or "")
        return found.order.version if found and found.condition == "running" else None

    def require_sound(self) -> None:
        """Clients never reach what may be deleted, nor nothing once something serves."""
        state = self.state
        if self.serving is not None:
            assert NAME in state.versions[self.serving].protections, "an unprotected version serves"
        known = state.deployments.get(NAME)
        for number in known.needed if known else ():
            assert NAME in state.versions[number].protections, f"v{number} may be deleted"

    def require_answered(self) -> None:
        """Once something serves, clients get an answer at every moment."""
        self.require_sound()
        known = self.known
        assert known is None or known.instance is None or self.serving is not None, "clients get no answer"

    def require_settled(self) -> None:
        """Place and log say the same, and nothing is left over."""
        state, known = self.state, self.known
        protected = {number for number, version in state.versions.items() if NAME in version.protections}
        endpoints = {number for number, version in state.versions.items() if NAME in version.serving}
        if known is None:
            assert (protected, endpoints, self.target.running, self.target.traffic) == (set(), set(), {}, None)
            return
        assert known.trial is None and known.instance is not None
        assert self.target.traffic == known.instance.id
        assert endpoints == {known.version}
        kept = {each.id for each in (known.instance, known.previous_instance) if each}
        assert set(self.target.running) <= kept | set(), "something runs that the log does not know"
        assert known.instance.id in self.target.running
        up = {identity for identity, each in self.target.running.items() if each.condition == "running"}
        assert up <= {known.instance.id}, "the previous one still runs"
        assert protected == known.needed


def outcome_of(work: Callable[[], object]) -> MlopsError | None:
    """What went wrong with some work; None if nothing did."""
    try:
        work()
    except MlopsError as error:
        return error
    return None
