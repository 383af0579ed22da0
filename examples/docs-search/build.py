"""Build the index: data/functions.csv -> build/index.json."""

import csv
import json
from pathlib import Path

import yaml

from search import index_of


def main() -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())["search"]
    with Path("data/functions.csv").open(newline="", encoding="utf-8") as file:
        texts = {row["id"]: row["text"] for row in csv.DictReader(file)}
    Path("build/index.json").write_text(json.dumps(index_of(texts, params), sort_keys=True))
    print(f"indexed {len(texts)} texts")


if __name__ == "__main__":
    main()
