"""What the processes of the tests do with a registry."""

from __future__ import annotations

import time
from pathlib import Path

from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.open import open_store
from tests.parts.backends import Backend
from tests.registry.making import open_log, registration, require_whole, sha
from tests.workspace.forked import Acknowledge

MODULE = "tests.registry.promises.workers"
_FILES = {"model.bin": b"weights " * 5000, "labels.json": b"[]"}


def open_registry(url: str) -> ModelLog:
    """The log of the model, as a process of its own opens it."""
    return open_log(open_store(url, Path.cwd()))


def register_as_one(log: ModelLog, request: Registration) -> Registered:
    """Register as the command line does: what belongs together is one write where the storage can."""
    return log.together(lambda: register(log, request))


def register_and_tag(log: ModelLog, request: Registration) -> Registered:
    """Register and tag as one: two entries, of which nobody ever sees only the first."""

    def work() -> Registered:
        done = register(log, request)
        set_tags(log, done.version.version, {"whole": request.fingerprint})
        return done

    return log.together(work)


def register_own_key(number: int, acknowledge: Acknowledge, *, url: str, sources: str) -> None:
    _register(number, acknowledge, url, sources, f"f{number}")


def register_one_key(number: int, acknowledge: Acknowledge, *, url: str, sources: str) -> None:
    _register(number, acknowledge, url, sources, "f0")


def _register(number: int, acknowledge: Acknowledge, url: str, sources: str, fingerprint: str) -> None:
    files = _FILES | {"id": b"%d" % number}
    request = registration(Path(sources) / str(number), sha(fingerprint), fingerprint, files=files)
    write = register_and_tag if number % 2 else register_as_one
    done = write(open_registry(url), request)
    acknowledge([done.version.version, done.how, done.version.digest, request.digest, done.differs])


def register_on_and_on(number: int, acknowledge: Acknowledge, *, url: str, sources: str) -> None:
    """Register and tag until somebody puts an end to it; acknowledge what has been promised."""
    log, turn = open_registry(url), 0
    while True:
        version = register_and_tag(log, request_of(Path(sources), number, turn)).version
        acknowledge(["register", turn, version.version, version.digest])
        if turn % 2:
            set_tags(log, version.version, {_tag(number, turn): "set"})
            acknowledge(["tag", turn, version.version, _tag(number, turn)])
        turn += 1


def _tag(number: int, turn: int) -> str:
    return f"process-{number}-turn-{turn}"


def request_of(sources: Path, number: int, turn: int) -> Registration:
    """What a process registers; every third turn a fingerprint that it shares with others, which makes links."""
    fingerprint = f"shared {turn}" if turn % 3 == 2 else f"{number}.{turn}"
    files = {"model.bin": fingerprint.encode() * 5_000, "labels.json": b"[]"}
    return registration(sources, sha((number, turn)), fingerprint, files=files)


def settle(backend: Backend) -> None:
    """Wait for what processes that were killed had sent already: it may take effect after their end."""
    if backend.name != "local":
        time.sleep(1)


def require_acknowledged(backend: Backend, acknowledged: list[list[list[object]]]) -> ModelState:
    """Read everything anew, and find in it what ``register_on_and_on`` has acknowledged."""
    state = require_whole(backend.open())
    for operation, _, version, value in (each for process in acknowledged for each in process):
        assert isinstance(version, int)
        held = state.versions[version]
        assert held.tags["whole"] == held.fingerprint
        assert value == held.digest if operation == "register" else value in held.tags
    return state
