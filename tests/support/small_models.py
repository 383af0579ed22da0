"""Fixtures of tests that train models: autouse wherever a conftest imports them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits

_LIBRARIES = ("sklearn", "catboost", "torch", "skl2onnx", "lightgbm", "xgboost", "shap", "numba")


@pytest.fixture(autouse=True)
def third_parties_may_warn() -> Iterator[None]:
    """Models warn of deprecations of their own libraries, and of names that an array does not have."""
    with warnings.catch_warnings():
        for library in _LIBRARIES:
            warnings.filterwarnings("ignore", module=rf"{library}(\.|$)")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Models as small as these wait for one another's threads longer than they compute."""
    with threadpool_limits(1):
        yield
