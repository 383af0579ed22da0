"""Train on the tumours that scikit-learn brings along, and score those that were held back."""

import csv
import pickle
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TREES = 50


def write(path: str, header: list[str], rows: list[list[object]]) -> None:
    with Path(path).open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def main() -> None:
    tumours = load_breast_cancer()
    kinds = tumours.target_names[tumours.target]
    train, test, train_kinds, test_kinds = train_test_split(tumours.data, kinds, test_size=0.4, random_state=1)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(TREES, random_state=1))
    model.fit(train, train_kinds)
    Path("build/model.pkl").write_bytes(pickle.dumps(model))

    malignant = list(model.classes_).index("malignant")
    scores = model.predict_proba(test)[:, malignant]
    write("build/test.csv", list(tumours.feature_names), test.tolist())
    rows = [[number, kind, score] for number, (kind, score) in enumerate(zip(test_kinds, scores, strict=True))]
    write("build/predictions.csv", ["id", "target", "score"], rows)
    print(f"trained on {len(train)} tumours, accuracy {model.score(test, test_kinds):.3f}")


if __name__ == "__main__":
    main()
