"""How much a number that somebody's function computes would vary over other rows.

The function knows no weights, so that a resample is a table. Up to ``MOST_UNITS`` rows (or groups, which are drawn
whole) it is as large as the original, and a jackknife over blocks gives the skewness for BCa bounds. Above, it has only
n^0.7 of them, and the spread is scaled by the root of that share: the m out of n bootstrap (Bickel, Götze & van Zwet
1997, Statistica Sinica 7:1-31), for what converges like a mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlops_ci.custom.function import Function, call_on
from mlops_ci.custom.table import Array, Columns, Table

RESAMPLES = 1000
MOST_UNITS = 50_000
_EXPONENT = 0.7
_BLOCKS = 200


def resampled(function: Function, table: Table) -> dict[str, Any]:
    """Replicates and jackknife values, the same for every table with the same pairing; null where there is none."""
    seed = int(table.pairing[:16], 16)
    drawn = table.units if table.units <= MOST_UNITS else round(table.units**_EXPONENT)
    replicates = []
    for number in range(RESAMPLES):
        random = np.random.Generator(np.random.PCG64([seed, number]))
        replicates.append(_value(function, table, random.integers(0, table.units, drawn)))
    return {
        "replicates": replicates,
        "jackknife": _jackknife(function, table, seed) if drawn == table.units else [],
        "scale": math.sqrt(drawn / table.units),
        "drawn": drawn,
        "unit": "groups" if table.grouped else "rows",
    }


def _jackknife(function: Function, table: Table, seed: int) -> list[float | None]:
    blocks = min(table.units, _BLOCKS)
    if blocks < 2:
        return []
    block = np.random.Generator(np.random.PCG64(seed)).permutation(table.units) % blocks
    return [_value(function, table, np.flatnonzero(block != left_out)) for left_out in range(blocks)]


def _value(function: Function, table: Table, units: Array) -> float | None:
    rows = table.rows_of(units)
    return call_on(function, Columns(table.columns, rows), len(rows))
