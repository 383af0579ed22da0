"""Receivers over a bad line, told by workers that die, in 200 seeded scenarios.

Every event that is not outdated arrives, in order, under its id; and it comes twice only where a worker died between
sending and writing that down, or where the answer got lost and the receiver cannot be asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError, UsageError
from tests.parts.azure_devops import FakeAzureDevOps, IncomingWebhook, Pipeline
from tests.parts.faults import Fault, Faults
from tests.parts.github import FakeGitHub
from tests.parts.github import Faults as GithubFaults
from tests.parts.need import soak
from tests.parts.receivers.event_grid import EventGridReceiver
from tests.registry.deliveries import DiedError
from tests.registry.making import MODEL, sha
from tests.triggers.office import Office, project
from tests.workspace.memory import MemoryStore

pytest_plugins = ["tests.parts.github.fixture"]
_LOST = {Fault.LOST_AFTER, Fault.BAD_GATEWAY_AFTER, Fault.CUT}
_RATE = 0.3


@dataclass
class World:
    """All receivers, running."""

    github: FakeGitHub
    azure: FakeAzureDevOps
    grid: EventGridReceiver

    def lines(self) -> dict[str, str]:
        """How ``mlops.yaml`` names them."""
        return {
            "dispatch": "github: acme/ml, token: GITHUB",
            "deployment": "github: acme/ml, deployment: production, token: GITHUB",
            "run": 'azure: acme/ml/7, parameters: {id: "{id}"}, token: AZURE',
            "hook": "azure-webhook: acme/landed, secret: HOOK",
            "grid": f'event-grid: "{self.grid.url}", key: GRID',
        }

    def renew(self, seed: int) -> str:
        """Forget everything; return a token for GitHub."""
        repository = self.github.repository("acme/ml")
        for number in (1, 2, 3):
            repository.commit(sha(number))
        self.github.faults = GithubFaults(seed, _RATE)
        self.github.requests.clear()
        self.azure.pipelines[7].runs.clear()
        self.azure.webhooks["landed"].events.clear()
        self.azure.faults, self.grid.faults = (Faults(seed, _RATE) for _ in range(2))
        self.grid.deliveries.clear()
        return repository.token({"contents": "write", "deployments": "write"})

    def arrived(self, sink: str) -> list[str]:
        """The ids that a receiver has taken."""
        repository = self.github.repositories["acme/ml"]
        found: dict[str, Callable[[], list[str]]] = {
            "dispatch": lambda: [each.client_payload["id"] for each in repository.dispatches],
            "deployment": lambda: [each.payload["id"] for each in repository.deployments],
            "run": lambda: [each["templateParameters"]["id"] for each in self.azure.pipelines[7].runs],
            "hook": lambda: [each["id"] for each in self.azure.webhooks["landed"].events],
            "grid": lambda: [each.content["id"] for each in self.grid.deliveries],
        }
        return found[sink]()

    def lost_answers(self, sink: str) -> int:
        """How often a receiver did what it was asked, and its answer was not understood."""
        if sink == "deployment":
            return 0  # it can be asked
        if sink == "dispatch":
            return sum(each.fault in _LOST for each in self.github.requests)
        faults = self.grid.faults if sink == "grid" else self.azure.faults
        return sum(fault in _LOST for fault, _ in faults.happened)


class MortalStore(MemoryStore):
    """Whoever writes to it may die before or after."""

    def __init__(self, of: MemoryStore, chance: random.Random) -> None:
        super().__init__()
        self.objects, self._modified, self._chance = of.objects, of._modified, chance
        self.unmarked: list[str] = []

    def create(self, key: str, data: bytes) -> bool:
        fate = self._chance.random()
        if fate < 0.05:
            if key.endswith(".done.json") and b'"sent"' in data:
                self.unmarked.append(key)
            raise DiedError
        created = super().create(key, data)
        if fate > 0.95:
            raise DiedError
        return created


@pytest.fixture
def world(github: FakeGitHub) -> Iterator[World]:
    with FakeAzureDevOps.started() as azure, EventGridReceiver.started() as grid:
        azure.open_pull_request("a" * 40)
        azure.add_pipeline(Pipeline(7, "deploy", azure.project, azure.repository, {"id": None}))
        azure.add_webhook(IncomingWebhook("landed", "s3cret-of-the-hook"))
        yield World(github, azure, grid)
        assert azure.violations == grid.violations == []


@pytest.mark.parametrize("part", range(4))
def test_over_a_bad_line_every_receiver_hears_everything_in_order(world: World, tmp_path: Path, part: int) -> None:
    scenarios = soak(50, 500)
    for seed in range(part * scenarios, (part + 1) * scenarios):
        _scenario(world, tmp_path, seed)


def _scenario(world: World, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    token = world.renew(seed)
    kinds = chance.sample(sorted(world.lines()), 2)
    lines = [f"{{name: {kind}, {world.lines()[kind]}}}" for kind in kinds]
    secrets = {"HOOK": "s3cret-of-the-hook", "GRID": world.grid.key, "AZURE": world.azure.token}
    addresses = {"GITHUB_API_URL": world.github.url, "MLOPS_CI_AZURE_DEVOPS_URL": world.azure.endpoint}
    weak = world.github.repositories["acme/ml"].token({"contents": "read"})
    truth = MemoryStore()
    office = Office(tmp_path / "sources", project(lines[0], registered=(lines[1],)), {}, truth)
    mortal = MortalStore(truth, chance)

    def work(github_token: str = token) -> bool:
        """One job tells what is due; whether nothing is left."""
        office.environ = {**secrets, **addresses, "GITHUB": github_token}
        try:
            told = office.triggering(mortal).deliver()
        except DiedError:
            return False
        assert all(isinstance(one.error, RemoteError | None) for one in told), f"seed {seed}: {told}"
        return all(one.held_up is None for one in told)

    for number in (1, 2, 3):
        office.register(number)
        office.promote(number)
        if chance.random() < 0.5:
            work(chance.choice([weak, token]))
    for _ in range(300):
        office.time.pass_(chance.choice([0, 11]))
        if work():
            break
    else:
        pytest.fail(f"seed {seed}: it does not converge")
    due = {kinds[0]: (2, 4, 6), kinds[1]: (1, 3, 5)}  # promotions and registrations
    for sink in kinds:
        _require_heard(world, truth, office.workspace, sink, due[sink], seed, mortal)


def _require_heard(
    world: World, store: MemoryStore, workspace: str, sink: str, due: tuple[int, ...], seed: int, mortal: MortalStore
) -> None:
    arrived = world.arrived(sink)
    numbers = [int(identity.removeprefix(f"{workspace}/{MODEL}/")) for identity in arrived]
    first = list(dict.fromkeys(numbers))
    assert first == sorted(first), f"seed {seed}: {sink} hears out of order"
    for seq in set(due) - set(first):
        marker = store.objects[f"events/{sink}/{MODEL}/{seq:020d}.done.json"]
        assert b'"superseded"' in marker, f"seed {seed}: {sink} never hears of {seq}"
    assert set(first) <= set(due)
    died = 0 if sink == "deployment" else sum(key.startswith(f"events/{sink}/") for key in mortal.unmarked)
    assert len(numbers) - len(first) <= world.lost_answers(sink) + died, f"seed {seed}: {sink} hears twice"


def test_a_refusal_that_only_a_person_can_end_holds_up_what_follows(world: World, tmp_path: Path) -> None:
    token = world.renew(0)
    world.azure.faults = Faults()
    office = Office(tmp_path, project(registered=("{name: run, azure: acme/ml/8, token: AZURE}",)))
    office.environ = {"AZURE": world.azure.token, "MLOPS_CI_AZURE_DEVOPS_URL": world.azure.endpoint, "GITHUB": token}
    events = (office.register(1), office.register(2))
    told = office.deliver()["run"]
    assert isinstance(told.error, UsageError) and told.sent == ()
    world.azure.add_pipeline(Pipeline(8, "late", world.azure.project, world.azure.repository))
    assert office.deliver()["run"].sent == events
