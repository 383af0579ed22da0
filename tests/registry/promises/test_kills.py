"""Registering processes are killed at random instants: nothing acknowledged is lost, nothing is half visible.

``MLOPS_CI_SOAK=1`` kills 600 on a folder, and elsewhere as many as take some minutes.
"""

from __future__ import annotations

from pathlib import Path

from mlops_ci.registry.check import check_model
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import open_log
from tests.registry.promises.workers import MODULE, register_as_one, request_of, require_acknowledged, settle
from tests.workspace.forked import killed

KILLS = {"local": (40, 600), "git": (5, 60)}
LONGEST = {"local": 0.12, "git": 2.0}  # seconds until a process is killed at the latest


def test_killed_processes_lose_nothing_acknowledged_and_leave_nothing_by_half(
    backend: Backend, sources: Path, seed: int
) -> None:
    kills, longest = soak(*KILLS.get(backend.name, (12, 300))), LONGEST.get(backend.name, 0.3)
    order = f"{MODULE}:register_on_and_on"
    acknowledged = killed(order, kills, seed=seed, longest=longest, url=backend.url, sources=str(sources))
    settle(backend)
    require_acknowledged(backend, acknowledged)
    held = open_log(backend.open()).read().versions.values()
    assert {version.tags.get("whole") for version in held} == {version.fingerprint for version in held}, "half a group"

    log, asked = open_log(backend.open()), set()
    for number, process in enumerate(acknowledged):
        known = {turn: version for operation, turn, version, _ in process if operation == "register"}
        for turn in range(len(known) + 1):  # what was acknowledged, and what the process died in
            request = request_of(sources, number, turn)
            asked.add((request.commit, request.fingerprint))
            done = register_as_one(log, request)
            assert not done.differs
            assert turn not in known or (done.how, done.version.version) == ("existing", known[turn])
    state = require_acknowledged(backend, acknowledged)
    assert {(c, v.fingerprint) for v in state.versions.values() for c in (v.commit, *v.links)} == asked
    assert check_model(open_log(backend.open()), read_data=False).hints == ()
    count = sum(map(len, acknowledged))
    print(f"{backend.name}: {kills} kills, {count} acknowledged, {len(state.versions)} versions")  # noqa: T201
    assert count, "all were killed before they had done anything"
