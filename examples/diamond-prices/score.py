"""Answer requests: what do these diamonds cost?"""

import json
import os
import pickle
from pathlib import Path

import pandas as pd

# As under model.inputs in mlops.yaml, for who sends rows as lists.
COLUMNS = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z"]


def init() -> None:
    global model
    model = pickle.loads(Path(os.environ["AZUREML_MODEL_DIR"], "build/model.pkl").read_bytes())


def run(data: str) -> dict[str, list[float]]:
    rows = json.loads(data)["data"]
    rows = [row if isinstance(row, dict) else dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return {"predictions": model.predict(pd.DataFrame(rows)).tolist()}
