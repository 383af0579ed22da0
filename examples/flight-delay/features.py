"""What the model looks at: only what is known before the flight leaves."""

import polars as pl

NUMERIC = ["hour", "distance"]
CATEGORICAL = ["carrier"]


def build_features(flights: pl.DataFrame) -> pl.DataFrame:
    return flights.select(
        pl.col(NUMERIC).cast(pl.Float64),
        pl.col(CATEGORICAL),
    )
