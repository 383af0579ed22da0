"""Train the model: build/train.parquet -> build/model.pkl."""

import pickle
from pathlib import Path

import polars as pl
import yaml
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

HEALTH = ["excellent", "good", "fair", "poor"]
MODELS = {
    "logistic": LogisticRegression(),
    "boosting": GradientBoostingClassifier(n_estimators=60, subsample=0.7, random_state=1),
}


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    train = pl.read_parquet("build/train.parquet")
    features = train.select(params["features"])
    ordered = [name for name in features.columns if name == "health"]
    encode = make_column_transformer((OrdinalEncoder(categories=[HEALTH] * len(ordered)), ordered), remainder="passthrough")
    model = make_pipeline(encode, StandardScaler(), MODELS[params["model"]]).set_output(transform="polars")
    model.fit(features, train["target"].to_numpy())
    Path("build/model.pkl").write_bytes(pickle.dumps((params["features"], model)))
    print(f"trained {params['model']} on {train.height:,} years, {features.width} features")


if __name__ == "__main__":
    main()
