"""``python -m mlops_ci.explainer``: leaves ``explanation.json``, which also says why there is no explanation."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.converter.loading import load_model
from mlops_ci.converter.table import read_table
from mlops_ci.converter.trouble import BrokenInputError, one_line
from mlops_ci.explainer.asking import Asked, asked
from mlops_ci.explainer.attribution import attributed
from mlops_ci.explainer.choosing import chosen_rows
from mlops_ci.explainer.metrics import Answers
from mlops_ci.explainer.permutation import importances
from mlops_ci.explainer.question import Question
from mlops_ci.explainer.record import empty_record, importance_records, row_records
from mlops_ci.explainer.rows import Rows, rows_of
from mlops_ci.explainer.trouble import NotExplainableError

RECORD = "explanation.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Explain one model.

    Returns:
        0, also where a model cannot be explained.
    """
    options = _parser().parse_args(argv)
    question = Question(
        task=options.task,
        metric=options.metric,
        positive=options.positive,
        columns=tuple(json.loads(options.columns)),
        explained=options.explained,
        repeats=options.repeats,
        sample=options.sample,
    )
    try:
        inputs, predictions = read_table(options.rows), read_table(options.predictions)
        rows = rows_of(inputs, predictions, question, id_=options.id, target=options.target)
        record = explain(load_model(options.model), rows, question)
    except (BrokenInputError, NotExplainableError) as error:
        record = empty_record(question, one_line(error))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / RECORD).write_text(json.dumps(record, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")
    return 0


def explain(model: Any, rows: Rows, question: Question) -> dict[str, Any]:
    """The record of an explanation.

    Raises:
        NotExplainableError: the model cannot be asked, or the metric has no value on the rows.
    """
    known = asked(model, rows, question)
    answers = known.answers(rows.inputs)
    record = empty_record(question)
    record.update(rows=len(rows.target), importances=importance_records(importances(known, rows, question, answers)))
    if question.explained:
        try:
            record.update(_attributions(known, rows, question, answers))
        except NotExplainableError as error:
            record["reason"] = error.reason
    return record


def _attributions(known: Asked, rows: Rows, question: Question, answers: Answers) -> dict[str, Any]:
    chosen = chosen_rows(question, rows.target, answers)
    places = np.array([at for at, _ in chosen], np.int64)
    few = rows.taken(places)
    of_few = known.answers(few.inputs)
    found = attributed(known, rows.inputs, few.inputs, of_few)
    labels: list[str | None] = [None] * len(chosen)
    if question.task == "binary":
        labels = [known.classes[known.positive]] * len(chosen)
    elif of_few.labels is not None:
        labels = list(of_few.labels)
    explained = row_records(known, few, labels, [why for _, why in chosen], found)
    return {"attribution": found.method, "unit": found.unit, "explained": explained}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlops_ci.explainer", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model's file")
    parser.add_argument("--rows", type=Path, required=True, help="a table of what the model eats")
    parser.add_argument("--predictions", type=Path, required=True, help="a table with the truth about each row")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--task", choices=("binary", "multiclass", "regression"), required=True)
    parser.add_argument("--metric", required=True, help="what importance is measured by")
    parser.add_argument("--positive", help="the positive class of a binary task; default: 1 or true")
    parser.add_argument("--columns", default="[]", help="JSON: the declared columns; default: all of --rows")
    parser.add_argument("--id", default="id", help="the column of ids in both tables")
    parser.add_argument("--target", default="target", help="the column with the truth")
    parser.add_argument("--explained", type=int, default=5, help="so many rows get attributions")
    parser.add_argument("--repeats", type=int, default=5, help="so often each column is shuffled")
    parser.add_argument("--sample", type=int, default=5000, help="at most so many rows are used")
    return parser


if __name__ == "__main__":
    sys.exit(main())
