"""Split the years into a training and a test set, by person: build/train.parquet and build/test.parquet."""

import hashlib

import polars as pl


def in_test(person: int) -> bool:
    """Two persons in five, the same ones whatever else is in the data."""
    return hashlib.sha256(str(person).encode()).digest()[0] < 256 * 2 // 5


def main() -> None:
    visits = pl.read_parquet("data/visits.parquet").with_columns(
        pl.when(pl.col("visits") > 0).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("target")
    )
    persons = {person: in_test(person) for person in visits["person"].unique()}
    test = pl.col("person").replace_strict(persons)
    for name, rows in (("train", visits.filter(~test)), ("test", visits.filter(test))):
        rows.write_parquet(f"build/{name}.parquet")
        print(f"{name}: {rows.height:,} years of {rows['person'].n_unique():,} persons")


if __name__ == "__main__":
    main()
