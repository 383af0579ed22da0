"""A lost reply is not a conflict, and running again converges, over 1,000 seeds of a bad line.

``MLOPS_CI_SOAK=1`` tries 20,000.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.records.actor import Actor
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.workspace.store import Store
from tests.parts.need import soak
from tests.registry.faulty import require_convergence
from tests.registry.making import MODEL, ticking


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other worker has its turns inside of ours: there is nobody to wait for."""

    def go_on(seconds: float) -> None:
        pass

    monkeypatch.setattr("mlops_ci.registry.model_log.time.sleep", go_on)


def test_a_bad_line_makes_no_spurious_conflicts_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    seen = Counter[str]()
    for seed in range(soak(1000, 20_000)):
        try:
            seen += require_convergence(seed, tmp_path / "sources")
        except BaseException:
            print(f"seed {seed}")  # noqa: T201 - shown when the test fails
            raise
    assert min(seen[what] for what in ("before", "after", "unknown", "failed", "created", "linked", "existing")) > 50


class TrustingLog(ModelLog):
    """A mutant: takes every failed creation for a lost race, without reading back whose entry is there."""

    def _write(self, key: str, data: bytes) -> bool:
        try:
            return self.store.create(key, data)
        except RemoteError:
            return False


def test_a_log_that_does_not_read_back_is_caught(tmp_path: Path) -> None:
    def open_model(store: Store) -> ModelLog:
        return TrustingLog(store, MODEL, actor=Actor("mutant"), clock=ticking())

    with pytest.raises(AssertionError, match="said to exist"):
        for seed in range(100):
            require_convergence(seed, tmp_path / "sources", open_model)
