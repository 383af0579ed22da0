"""Make visits.parquet from statsmodels' copy of the data: python make.py (needs statsmodels)."""

import polars as pl
from statsmodels.datasets import randhie


def main() -> None:
    source = pl.DataFrame(dict(randhie.load_pandas().data.items()))
    health = (
        pl.when(pl.col("hlthp") == 1).then(pl.lit("poor"))
        .when(pl.col("hlthf") == 1).then(pl.lit("fair"))
        .when(pl.col("hlthg") == 1).then(pl.lit("good"))
        .otherwise(pl.lit("excellent"))
    )
    # What a person keeps from one year to the next. The source names no persons.
    lasting = ["lncoins", "idp", "physlm", "disea", "hlthg", "hlthf", "hlthp"]
    visits = source.select(
        pl.int_range(1, pl.len() + 1).alias("id"),
        pl.struct(lasting).rle_id().add(1).alias("person"),
        (pl.col("lncoins").exp() - 1).round(0).cast(pl.Int16).alias("coinsurance"),
        (pl.col("idp") == 1).alias("deductible"),
        pl.col("lpi").exp().round(0).cast(pl.Int32).alias("incentive"),
        pl.col("fmde").round(4).alias("log_limit"),
        pl.col("physlm").round(4).alias("limitation"),
        pl.col("disea").round(2).alias("diseases"),
        health.alias("health"),
        pl.col("mdvis").cast(pl.Int16).alias("visits"),
    )
    visits.write_parquet("visits.parquet", compression="zstd", compression_level=19)
    print(f"{visits.height:,} years of {visits['person'].n_unique():,} persons")


if __name__ == "__main__":
    main()
