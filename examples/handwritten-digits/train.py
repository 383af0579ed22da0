"""Train a small network to read digits, and have it read those that were held back."""

import csv
import os
import pickle
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

HIDDEN = 8
ROUNDS = 60


def write(path: str, header: list[str], rows: list[list[object]]) -> None:
    with Path(path).open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def main() -> None:
    digits = load_digits()
    pixels, truth = (digits.data / 16).astype(np.float32), digits.target
    test = np.arange(len(truth)) % 5 >= 3  # the same images whatever the seed: only the training may vary
    seed = int(os.environ["MLOPS_CI_SEED"])
    model = MLPClassifier((HIDDEN,), learning_rate_init=0.005, max_iter=ROUNDS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # ROUNDS are enough, or the gate will tell
        model.fit(pixels[~test], truth[~test])
    Path("build/model.pkl").write_bytes(pickle.dumps(model))

    scores = model.predict_proba(pixels[test])
    write("build/images.csv", [f"pixel_{number}" for number in range(64)], pixels[test].tolist())
    rows = [
        [int(number), int(digit), *row]
        for number, digit, row in zip(np.flatnonzero(test), truth[test], scores.tolist(), strict=True)
    ]
    write("build/predictions.csv", ["id", "target", *(f"score_{digit}" for digit in range(10))], rows)
    print(f"seed {seed}: trained on {(~test).sum()} images, accuracy {model.score(pixels[test], truth[test]):.3f}")


if __name__ == "__main__":
    main()
