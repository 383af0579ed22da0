"""Split the diamonds into a training and a test set: build/train.csv and build/test.csv."""

import hashlib

import pandas as pd


def in_test(number: int) -> bool:
    """Two diamonds in five, the same ones whatever else is in the data."""
    return hashlib.sha256(f"test {number}".encode()).digest()[0] < 256 * 2 // 5


def main() -> None:
    diamonds = pd.read_csv("data/diamonds.csv")
    test = diamonds["id"].map(in_test)
    diamonds[~test].to_csv("build/train.csv", index=False)
    diamonds[test].to_csv("build/test.csv", index=False)
    print(f"{(~test).sum():,} diamonds to learn from, {test.sum():,} to be tested with")


if __name__ == "__main__":
    main()
