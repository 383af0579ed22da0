"""Split the flights into build/train.parquet and build/test.parquet."""

import zlib
from pathlib import Path

import polars as pl

TEST_SHARE = 0.42  # about 10,000 flights: enough to tell two models apart


def in_test(flight_id: int) -> bool:
    """Decide by a hash: a flight stays on its side when others are added."""
    return zlib.crc32(f"split {flight_id}".encode()) / 2**32 < TEST_SHARE


def main() -> None:
    flights = pl.read_parquet("data/flights.parquet")
    test = pl.Series([in_test(flight_id) for flight_id in flights["flight_id"]])
    Path("build").mkdir(exist_ok=True)
    for name, part in {"train": flights.filter(~test), "test": flights.filter(test)}.items():
        part.write_parquet(f"build/{name}.parquet")
        late = part.select((pl.col("target") == "late").mean()).item()
        print(f"{name}: {part.height:,} flights, {late:.1%} late")


if __name__ == "__main__":
    main()
