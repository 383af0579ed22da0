"""Models that tests share: trained once, small."""

from __future__ import annotations

import numpy as np
import pytest

from mlops_ci.converter.table import Table
from tests.support.small_models import one_thread, third_parties_may_warn

__all__ = ["one_thread", "third_parties_may_warn"]


@pytest.fixture(scope="session")
def shop() -> tuple[Table, np.ndarray]:
    """300 rows of texts and numbers with gaps, and the two classes that they decide."""
    rng = np.random.default_rng(1)
    port = rng.choice(np.array(["Bergen", "Ålesund", "Oslo", None], object), 300)
    age = np.where(rng.random(300) < 0.1, np.nan, rng.normal(40, 12, 300))
    fare = rng.lognormal(3, 1, 300)
    table = Table({"port": port, "age in years": age, "fare": fare, "children": rng.integers(0, 4, 300)})
    return table, np.where(fare + 10 * (port == "Oslo") > 25, "yes", "no")


@pytest.fixture(scope="session")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """200 rows of 4 numbers in three classes."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 200)
    return rng.normal(size=(200, 4)) + y[:, None] * np.array([1.0, -1.0, 0.5, 0.0]), y
