"""Answer requests: build/model.pkl wants features, and callers send what is known of a flight."""

import json
import os
import pickle
from pathlib import Path

import polars as pl

from features import build_features

# As under model.inputs in mlops.yaml, for who sends rows as lists.
COLUMNS = [
    "month", "weekday", "hour", "carrier", "origin", "distance", "plane_age", "temperature", "wind_speed",
    "precipitation", "visibility", "recent_delay",
]


def init() -> None:
    global model
    model = pickle.loads(Path(os.environ["AZUREML_MODEL_DIR"], "build/model.pkl").read_bytes())


def run(data: str) -> dict[str, list]:
    rows = json.loads(data)["data"]
    rows = [row if isinstance(row, dict) else dict(zip(COLUMNS, row, strict=True)) for row in rows]
    features = build_features(pl.DataFrame(rows, infer_schema_length=None))
    return {
        "predictions": model.predict(features).tolist(),
        "probabilities": model.predict_proba(features).tolist(),
        "classes": model.classes_.tolist(),
    }
