"""Models that tests share: trained once, small."""

from __future__ import annotations

import numpy as np
import pytest

from mlops_ci.converter.table import Table
from tests.support.small_models import one_thread, third_parties_may_warn

__all__ = ["one_thread", "third_parties_may_warn"]


@pytest.fixture(scope="session")
def shop() -> Table:
    """200 rows of texts and numbers with gaps."""
    rng = np.random.default_rng(1)
    port = rng.choice(np.array(["Bergen", "Oslo", "Bergen Ålesund", None], object), 200)
    age = np.where(rng.random(200) < 0.1, np.nan, rng.normal(40, 12, 200))
    # "fare" is the beginning of another column's name.
    return Table({"port": port, "age": age, "fare": rng.lognormal(3, 1, 200), "fare paid": rng.integers(0, 4, 200)})


@pytest.fixture(scope="session")
def numbers() -> Table:
    """200 rows of three numbers, of which the third says nothing."""
    rng = np.random.default_rng(2)
    return Table({name: rng.normal(size=200) for name in ("a", "b", "c")})
