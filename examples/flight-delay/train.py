"""Train the model: build/train.parquet -> build/model.pkl."""

import pickle
from pathlib import Path

import polars as pl
import yaml
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from features import CATEGORICAL, build_features


def build_model(params: dict[str, float]) -> Pipeline:
    # A category never seen in training gets the code of a missing value.
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(
        make_column_transformer((encoder, CATEGORICAL), remainder="passthrough"),
        HistGradientBoostingClassifier(
            categorical_features=range(len(CATEGORICAL)), early_stopping=False, **params
        ),
    )


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    train = pl.read_parquet("build/train.parquet")
    features = build_features(train)
    model = build_model(params).fit(features, train["target"].to_numpy())
    Path("build/model.pkl").write_bytes(pickle.dumps(model))
    print(f"trained on {features.height:,} flights, {features.width} features")


if __name__ == "__main__":
    main()
