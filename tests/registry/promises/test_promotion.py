"""Late, repeated and racing jobs of one history promote in its order: the champion's commit never goes backwards."""

from __future__ import annotations

import random
from pathlib import Path

from mlops_ci.records.entry import Alias
from mlops_ci.registry.promote import BaselineMovedError, promote_judged
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import judged, open_log, registration, require_whole, sha
from tests.registry.promises.workers import open_registry, register_as_one
from tests.workspace.forked import Acknowledge, at_once

COMMITS = [sha(f"commit {number}") for number in range(8)]
JOBS = {"local": 24, "git": 2}


def is_ancestor(ancestor: str, descendant: str) -> bool:
    return COMMITS.index(ancestor) <= COMMITS.index(descendant)


def run_jobs(number: int, acknowledge: Acknowledge, *, url: str, sources: str, seed: int) -> None:
    """Two jobs of random commits, the first of which is run again in the end: late by then, like as not."""
    chance = random.Random(seed + number)
    first, second = chance.choice(range(len(COMMITS))), chance.choice(range(len(COMMITS)))
    for commit in (first, second, first):
        log = open_registry(url)
        # Some commits have one recipe, so that a version is linked to several.
        request = registration(Path(sources), COMMITS[commit], f"recipe {commit // 2 if commit < 4 else commit}")
        version = register_as_one(log, request).version.version
        while True:
            promotion = judged(log, version, commit=COMMITS[commit])
            try:
                outcome = promote_judged(log, promotion, is_ancestor=is_ancestor)
            except BaselineMovedError:
                continue
            break
        acknowledge([commit, outcome])


def test_the_champions_commit_never_goes_backwards(backend: Backend, sources: Path, seed: int) -> None:
    count = soak(JOBS.get(backend.name, 5), 12 if backend.name == "git" else 48)
    done = at_once(f"{__name__}:run_jobs", count, url=backend.url, sources=str(sources), seed=seed)
    require_whole(backend.open())
    moves = [
        COMMITS.index(entry.body.commit or "")
        for entry in open_log(backend.open()).entries()
        if isinstance(entry.body, Alias)
    ]
    outcomes = [(commit, outcome) for process in done for commit, outcome in process]
    print(f"{backend.name}: {len(outcomes)} jobs, the champion's commits: {moves}")  # noqa: T201
    assert moves == sorted(moves), "the champion went backwards"
    assert len(moves) == sum(outcome == "promoted" for _, outcome in outcomes)
    assert all(outcome in {"promoted", "unchanged", "superseded"} for _, outcome in outcomes)
    newest = max(commit for commit, _ in outcomes)
    state = open_log(backend.open()).read()
    champion = state.versions[state.aliases["champion"].version]
    assert COMMITS[newest] in (champion.commit, *champion.links)
