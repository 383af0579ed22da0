"""Estimate the prices of the test diamonds: build/predictions.csv."""

import pickle
from pathlib import Path

import pandas as pd


def main() -> None:
    model = pickle.loads(Path("build/model.pkl").read_bytes())
    test = pd.read_csv("build/test.csv")
    predictions = test[["id", "cut"]].assign(target=test["price"], prediction=model.predict(test))
    predictions.to_csv("build/predictions.csv", index=False)
    error = ((predictions["prediction"] - predictions["target"]).abs() / predictions["target"]).mean()
    print(f"estimated {len(test):,} prices, {error:.1%} off on average")


if __name__ == "__main__":
    main()
