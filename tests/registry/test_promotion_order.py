"""Whatever the order in which jobs of one history run, the champion's commit never goes backwards.

``MLOPS_CI_SOAK=1`` tries 3,000 histories instead of 60.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_ci.registry.promote import BaselineMovedError, promote_judged
from mlops_ci.registry.register import register
from tests.parts.need import soak
from tests.registry.making import judged, open_log, registration, require_whole, sha
from tests.workspace.memory import MemoryStore

COMMITS = [sha(number) for number in range(6)]

Job = tuple[int, int, int]  # commit, day of its data, fingerprint


def is_ancestor(ancestor: str, descendant: str) -> bool:
    return COMMITS.index(ancestor) <= COMMITS.index(descendant)


def run(store: MemoryStore, folder: Path, job: Job, outcomes: list[str]) -> Iterator[None]:
    """A job of ``ci``, which may be suspended wherever it yields."""
    commit, day, fingerprint = job
    log = open_log(store)
    request = registration(folder, COMMITS[commit], f"{fingerprint}", data_time=f"2026-01-{day:02d}")
    yield
    version = register(log, request).version.version
    while True:
        yield
        promotion = judged(log, version, commit=COMMITS[commit])
        yield
        try:
            outcomes.append(promote_judged(log, promotion, is_ancestor=is_ancestor))
        except BaselineMovedError:
            continue
        return


jobs = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(0, 8)), min_size=2, max_size=6)


@settings(max_examples=soak(60, 3000), deadline=None, suppress_health_check=list(HealthCheck))
@given(jobs=jobs, data=st.data())
def test_the_champions_commit_never_goes_backwards(tmp_path: Path, jobs: list[Job], data: st.DataObject) -> None:
    store, outcomes = MemoryStore(), list[str]()
    running = {number: run(store, tmp_path, job, outcomes) for number, job in enumerate(jobs)}
    highest = (-1, "")
    while running:
        number = data.draw(st.sampled_from(sorted(running)))
        if next(running[number], "done") == "done":
            del running[number]
        state = open_log(store).read()
        if target := state.aliases.get("champion"):
            assert target.commit is not None
            now = (COMMITS.index(target.commit), state.versions[target.version].data_time or "")
            assert now >= highest, "the champion went backwards"
            highest = now
    require_whole(store)
    assert len(outcomes) == len(jobs)
    assert "promoted" in outcomes
