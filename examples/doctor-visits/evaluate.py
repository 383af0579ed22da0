"""Score the years of the test persons: build/predictions.parquet."""

import pickle
from pathlib import Path

import polars as pl


def main() -> None:
    features, model = pickle.loads(Path("build/model.pkl").read_bytes())
    test = pl.read_parquet("build/test.parquet")
    score = model.predict_proba(test.select(features))[:, list(model.classes_).index("yes")]
    share = pl.format("{} %", "coinsurance").alias("share")
    predictions = test.select("id", "person", "target", pl.Series("score", score), share, "health")
    predictions.write_parquet("build/predictions.parquet")
    right = predictions.select(((pl.col("score") >= 0.5) == (pl.col("target") == "yes")).mean()).item()
    print(f"scored {test.height:,} years, accuracy {right:.3f}")


if __name__ == "__main__":
    main()
