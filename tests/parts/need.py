"""What a test needs of the machine, and what happens where it is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str) -> NoReturn:
    """Skip, or fail where every part must be there (``MLOPS_CI_REQUIRE_PARTS=1``, as in our own CI)."""
    if os.environ.get("MLOPS_CI_REQUIRE_PARTS") == "1":
        pytest.fail(f"missing on this machine: {part}")
    pytest.skip(f"missing on this machine: {part}")


def soak(default: int, long: int) -> int:
    """How many rounds of a random test: few, or with ``MLOPS_CI_SOAK=1`` many."""
    return long if os.environ.get("MLOPS_CI_SOAK") == "1" else default


def optional(part: str) -> str:
    """Why tests are skipped without a part that is too large even for our own CI."""
    return f"optional, and not on this machine: {part}"
