"""Score the test flights: build/predictions.parquet and build/metrics.json."""

import json
import pickle
from pathlib import Path

import polars as pl

from features import build_features


def main() -> None:
    model_file = Path("build/model.pkl")
    model = pickle.loads(model_file.read_bytes())
    test = pl.read_parquet("build/test.parquet")

    late = list(model.classes_).index("late")
    score = model.predict_proba(build_features(test))[:, late]
    predictions = test.select("flight_id", "target", pl.Series("score", score), "carrier", "origin")
    predictions.write_parquet("build/predictions.parquet")

    # The size of the model, not the time it takes: that one differs from run to run.
    model_kib = round(model_file.stat().st_size / 1024, 1)
    Path("build/metrics.json").write_text(json.dumps({"model_kib": model_kib}) + "\n")

    right = ((pl.col("score") >= 0.5) == (pl.col("target") == "late")).mean()
    accuracy = predictions.select(right).item()
    print(f"scored {test.height:,} flights, accuracy {accuracy:.3f}, model {model_kib} KiB")


if __name__ == "__main__":
    main()
