"""Models that tests share: trained once, small."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlops_ci.converter.table import Table


@pytest.fixture(autouse=True)
def _third_parties_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        for module in ("sklearn", "catboost", "lightgbm", "xgboost", "shap", "numba"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


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
