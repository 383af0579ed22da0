"""What is wrong with predictions is said in one line, or a rule says it; nothing passes in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.file_gate import FileGate, judge_files
from mlops_ci.project.rule_columns import named_columns
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.verdict import Verdict
from tests.gate.conftest import Read, Write
from tests.gate.parts import gate, verdict_on

IDS = [f"{number:03}" for number in range(100)]
TARGET = [number % 2 for number in range(100)]
SCORE = [0.9 if number % 2 else 0.1 + number / 200 for number in range(100)]
GOOD: dict[str, list[Any]] = {"id": IDS, "target": TARGET, "score": SCORE}


def judged(candidate: Path, baseline: Path | None, *rules: str, **more: Any) -> Verdict:
    given: dict[str, Any] = dict.fromkeys(
        ("candidate_metrics", "baseline_metrics", "task", "positive", "id_column", "prediction", "score")
    )
    request = FileGate(
        candidate=candidate,
        baseline=baseline,
        rules=rules,
        confidence=0.95,
        on_inconclusive="allow",
        **{**given, "target": "target", **more},
    )
    return judge_files(request)


def test_other_ids_are_counted_with_an_example_on_each_side(write: Write) -> None:
    ours, theirs = write("a.csv", GOOD), write("b.parquet", {**GOOD, "id": ["x1", "x2", *IDS[2:]]})
    verdict = judged(ours, theirs, "accuracy >= baseline - 0.1")
    assert verdict.outcome == "inconclusive" and verdict.rules[0].outcome == "incomparable"
    assert verdict.rules[0].reason == (
        "not the same ids: 2 of 100 only in the candidate's file (such as '000'), 2 of 100 only in the baseline's file "
        "(such as 'x1'); 98 in both"
    )


def test_missing_rows_are_counted(write: Write) -> None:
    fewer = {name: values[:97] for name, values in GOOD.items()}
    verdict = judged(write("a.parquet", fewer), write("b.csv", GOOD), "accuracy >= baseline - 0.1")
    assert (
        verdict.rules[0].reason == "not the same ids: 3 of 100 only in the baseline's file (such as '097'); 97 in both"
    )
    without = [{name: values for name, values in one.items() if name != "id"} for one in (fewer, GOOD)]
    verdict = judged(write("c.csv", without[0]), write("d.csv", without[1]), "accuracy >= baseline - 0.1")
    assert verdict.rules[0].outcome == "incomparable" and "has 97, the baseline's 100" in verdict.rules[0].reason


@pytest.mark.parametrize(
    ("labels", "example"),
    [
        ([1 - TARGET[0], *TARGET[1:]], "1 of 100 differ (such as id '000': '0' in the candidate's file, '1' in"),
        (["late" if one else "fine" for one in TARGET], "100 of 100 differ (such as id '000': '0' in the candidate's"),
    ],
)
def test_other_targets_are_counted_with_an_example(labels: list[Any], example: str, write: Write) -> None:
    ours, theirs = write("a.csv", GOOD), write("b.csv", {**GOOD, "target": labels})
    rules = ("log_loss <= baseline * 1.1",)
    if labels[1] == 1:
        assert example in judged(ours, theirs, *rules, task="binary").rules[0].reason
    else:
        multi = {**GOOD, "prediction": TARGET}
        del multi["score"]
        ours, theirs = write("a.csv", multi), write("b.csv", {**multi, "target": labels, "prediction": labels})
        verdict = judged(ours, theirs, "accuracy >= baseline - 0.1", task="multiclass")
        assert verdict.rules[0].outcome == "incomparable" and example in verdict.rules[0].reason


def test_text_and_whole_numbers_are_the_same_labels_and_ids(write: Write) -> None:
    as_text = {**GOOD, "id": IDS, "target": list(map(str, TARGET))}
    verdict = judged(write("a.parquet", as_text), write("b.csv", GOOD), "accuracy >= baseline - 0.1")
    assert verdict.rules[0].outcome == "pass" and verdict.rules[0].change == 0


def test_an_id_that_looks_like_a_number_stays_what_it_is(write: Write, read: Read) -> None:
    columns = {"id": ["7", "007"], "target": [0, 1], "score": [0.1, 0.9]}
    sets = {read(write(name, columns)).evaluation_set for name in ("p.csv", "p.parquet", "p.tsv")}
    assert len(sets) == 1
    assert read(write("q.csv", {**columns, "id": ["7", "07"]})).evaluation_set not in sets


REFUSED: dict[str, tuple[dict[str, list[Any]], str]] = {
    "an id that repeats": ({"id": ["001", "001", "001", *IDS[1:98]]}, "the id '001' appears 4 times"),
    "repeated ids": ({"id": [*IDS[:50], *IDS[:50]]}, "50 ids appear more than once, such as '000' (2 times)"),
    "missing targets": ({"target": [None, None, *TARGET[2:]]}, "'target' has missing values in 2 of 100 rows"),
    "a negative weight": ({"weight": [-1.0, -2.0, *[1.0] * 98]}, "'weight' is negative in 2 of 100 rows"),
    "weights of zero": ({"weight": [0.0] * 100}, "the weight column 'weight' is zero in every row: nothing counts"),
    "a weight of NaN": ({"weight": [float("nan"), *[1.0] * 99]}, "'weight' has no number in 1 of 100 rows"),
    "a missing weight": ({"weight": [None, *[1.0] * 99]}, "'weight' has no number in 1 of 100 rows"),
    "weights of text": ({"weight": ["much"] * 100}, "the column 'weight' holds String, not numbers"),
    "a missing group": ({"group": [None, *["a"] * 99]}, "'group' has missing values in 1 of 100 rows"),
    "labels of another kind": ({"prediction": ["late"] * 100}, "predictions are not labels of the target: 'late'"),
}


@pytest.mark.parametrize(("change", "complaint"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_rows_that_make_no_sense_are_refused(
    name: str, change: dict[str, list[Any]], complaint: str, write: Write, read: Read
) -> None:
    with pytest.raises(UsageError) as caught:
        read(write(name, {**GOOD, **change}))
    assert complaint in caught.value.line() and "\n" not in caught.value.line()


def test_scores_of_nan_and_of_one_value_and_one_class_never_pass(write: Write) -> None:
    good = write("good.parquet", GOOD)
    rules = ("accuracy > 0.1", "roc_auc > 0.1", "log_loss < 9", "roc_auc > baseline", "accuracy > baseline")
    unknown = write("nan.parquet", {**GOOD, "score": [float("nan"), *SCORE[1:]]})
    assert {rule.outcome for rule in judged(unknown, good, *rules).rules} == {"fail"}
    one_class = write("one.parquet", {**GOOD, "target": [1] * 100})
    found = judged(one_class, one_class, "roc_auc > 0.1", "roc_auc >= baseline - 0.5", positive=1)
    assert [rule.outcome for rule in found.rules] == ["fail", "fail"]
    assert "one class only" in found.rules[0].reason
    constant = write("constant.parquet", {**GOOD, "score": [0.5] * 100})
    found = judged(constant, constant, "roc_auc > 0.5", "roc_auc > baseline", "log_loss < baseline")
    assert "pass" not in {rule.outcome for rule in found.rules}


def test_a_slice_of_one_class_does_not_pass(write: Write, read: Read) -> None:
    columns = {**GOOD, "part": ["even" if number % 2 else "odd" for number in range(100)]}
    found = read(write("p.parquet", columns), slices=("part",))
    verdict = verdict_on(gate(parse_rule("roc_auc > 0.1", per="part", min_rows=10)), found)
    assert {rule.outcome for rule in verdict.rules} == {"fail"}


def test_weights_and_groups_have_their_usual_names(write: Write, read: Read) -> None:
    columns = {**GOOD, "weight": list(range(100)), "group": [f"{number // 30:02}" for number in range(100)]}
    for name in ("p.csv", "p.parquet"):
        rows = read(write(name, columns)).predictions
        assert rows is not None and rows.weight is not None and rows.group is not None
        assert rows.weight.tolist() == list(range(100))
        assert rows.group.tolist() == [number // 30 for number in range(100)]


def test_a_ranking_needs_relevance_scores_and_groups(write: Write, read: Read) -> None:
    columns: dict[str, list[Any]] = {"id": [1, 2, 3], "target": [0, 2, 1], "score": [0.1, 3.0, 2.0], "group": [7, 7, 8]}
    rows = read(write("p.csv", columns), "ranking").predictions
    assert rows is not None and rows.group is not None
    assert rows.group.tolist() == [0, 0, 1] and rows.target.tolist() == [0.0, 2.0, 1.0]
    for missing, complaint in (("score", "no score column"), ("group", "no group column")):
        with pytest.raises(UsageError, match=complaint):
            read(write("q.csv", {name: values for name, values in columns.items() if name != missing}), "ranking")
    with pytest.raises(UsageError, match="the relevance 'target' is negative or no number in 1 of 3 rows"):
        read(write("r.csv", {**columns, "target": [0, -1, 1]}), "ranking")


def test_rows_are_their_ids_and_columns_that_rules_name(write: Write, read: Read) -> None:
    columns: dict[str, list[Any]] = {"id": ["b", "a", "c"], "latency": [2.0, 1.0, None], "ok": [True, False, True]}
    found = read(write("p.csv", columns), "rows", named=("latency", "ok"))
    rows = found.predictions
    assert rows is not None
    assert rows.columns["ok"].tolist() == [0, 1, 1] and rows.columns["latency"][:2].tolist() == [1, 2]
    assert np.isnan(rows.columns["latency"][2])
    assert read(write("q.parquet", {**columns, "latency": [5, 6, 7]}), "rows").evaluation_set == found.evaluation_set
    assert read(write("r.csv", {**columns, "id": [1, 2, 3]}), "rows").evaluation_set != found.evaluation_set
    with pytest.raises(UsageError, match="there is no id column, and without a target only ids"):
        read(write("s.csv", {"latency": [1, 2]}), "rows")
    with pytest.raises(UsageError, match="no column 'speed'"):
        read(write("p.csv", columns), "rows", named=("speed",))


def test_an_older_file_may_lack_a_column_that_only_some_rules_need(write: Write, read: Read) -> None:
    rows = read(write("p.csv", GOOD), named=("latency",), lenient=True).predictions
    assert rows is not None and np.isnan(rows.columns["latency"]).all()


def test_the_columns_that_rules_name_are_those_of_their_calls() -> None:
    calls = ("f_beta(2, macro) > 0.1", "quantile(latency, 0.9) < 3", "mean(ok) > baseline")
    rules = list(map(parse_rule, calls))
    assert named_columns(rules) == ("latency", "ok")


def test_one_stray_label_is_named_where_one_column_of_scores_needs_two(write: Write) -> None:
    stray = write("a.csv", {**GOOD, "target": [2, *TARGET[1:]]})
    with pytest.raises(UsageError) as caught:
        judged(stray, stray, "accuracy >= baseline - 0.1")
    said = caught.value.line()
    assert "the target has 3 values, and a single column 'score' of scores needs 2" in said
    assert "'2' is in 1 of 100 rows" in said
    named = write("b.csv", {"id": IDS, "target": ["odd" if one else "even" for one in TARGET], "p": SCORE})
    with pytest.raises(UsageError, match="is 'p' the score of") as caught:
        judged(named, named, "accuracy >= baseline - 0.1", score="p")
    assert "'even', 'odd'" in caught.value.line() and "--positive" in caught.value.line()
