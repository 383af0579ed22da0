"""Ask every question and judge the answer: build/judged.csv.

The judge knows which function each question is about. It gives 1 if that comes first, 1/2 if second, and so on.
"""

import csv
import json
from pathlib import Path

from search import Search


def main() -> None:
    search = Search(json.loads(Path("build/index.json").read_text()))
    with Path("data/functions.csv").open(newline="", encoding="utf-8") as file:
        questions = list(csv.DictReader(file))
    rows = []
    for question in questions:
        place = search.ranked(question["question"]).index(question["id"]) + 1
        rows.append((question["id"], question["module"], 1 / place, int(place <= 5)))
    with Path("build/judged.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "module", "judged", "in_first_five"), *rows])
    print(f"{len(rows)} questions, judged {sum(row[2] for row in rows) / len(rows):.3f} on average")


if __name__ == "__main__":
    main()
