"""Long files say what the same rows say when they are held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlops_ci.errors import UsageError
from mlops_ci.gate.reading import evidence_stream
from mlops_ci.records.verdict import Verdict
from tests.gate.test_bad_evidence import judged

ROWS = 60_000
TARGET = np.random.default_rng(3).random(ROWS) < 0.3


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Files of 1,000 rows are long, and read in parts."""
    monkeypatch.setattr(evidence_stream, "MOST_ROWS", 1_000)
    monkeypatch.setattr(evidence_stream, "_PART", 7_777)
    return monkeypatch


def write(folder: Path, name: str, **columns: Any) -> Path:
    pl.DataFrame({"id": np.arange(ROWS), **columns}).write_parquet(folder / name, row_group_size=5_000)
    return folder / name


def scores(strength: float, seed: int = 4) -> Any:
    return np.clip(TARGET * strength + np.random.default_rng(seed).random(ROWS) * (1 - strength), 0.01, 0.99)


def both(request: Any) -> tuple[Verdict, Verdict]:
    """Judged as long files, and as short ones."""
    streamed = request()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence_stream, "MOST_ROWS", 10**9)
        return streamed, request()


@pytest.mark.parametrize(
    ("task", "rules"),
    [
        ("binary", ("accuracy > baseline", "log_loss <= baseline * 1.02", "log_loss <= 0.9", "accuracy >= 0.5")),
        ("regression", ("rmse < baseline", "mae <= baseline * 0.9", "rmse <= 3")),
    ],
)
def test_a_long_file_says_what_its_rows_say(
    task: str, rules: tuple[str, ...], short: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if task == "binary":
        ours, theirs = ({"target": TARGET, "score": scores(strength, seed)} for strength, seed in ((0.4, 4), (0.38, 5)))
    else:
        truth, *apart = np.random.default_rng(4).exponential(size=(3, ROWS))
        ours, theirs = (
            {"target": truth, "prediction": truth + each * k} for each, k in zip(apart, (1, 1.2), strict=True)
        )
    files = write(tmp_path, "a.parquet", **ours), write(tmp_path, "b.parquet", **theirs)
    streamed, held = both(lambda: judged(*files, *rules, task=task))
    assert streamed.rows == held.rows == ROWS and "not checked for repeats" in streamed.notes[-1]
    for one, other in zip(streamed.rules, held.rules, strict=True):
        assert one.outcome == other.outcome and one.label == other.label
        assert one.candidate == pytest.approx(other.candidate)
        assert one.change == pytest.approx(other.change)
        assert other.interval is not None
        low, high = other.interval
        assert low is not None
        assert high is not None
        spread = high - low
        assert one.interval == pytest.approx(other.interval, abs=0.05 * spread)


def test_a_model_against_itself_is_exactly_no_change(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path, "a.parquet", target=TARGET, score=scores(0.4))
    found = judged(file, file, "log_loss <= baseline", "log_loss < baseline", "accuracy >= baseline - 0.001")
    assert [rule.outcome for rule in found.rules] == ["pass", "fail", "pass"]


def test_the_root_of_a_share_is_not_bounded_as_a_share(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    off = (np.arange(ROWS) % 4 == 0).astype(float)
    ours, theirs = (
        write(tmp_path, name, target=np.zeros(ROWS), prediction=errors)
        for name, errors in (("a.parquet", off), ("b.parquet", np.roll(off, 1)))
    )
    streamed, held = both(lambda: judged(ours, theirs, "rmse <= 0.3", "rmse <= 0.51", task="regression"))
    for verdict in (streamed, held):
        assert [(rule.outcome, rule.candidate) for rule in verdict.rules] == [("fail", 0.5), ("pass", 0.5)]


def refused(complaint: str, *files: Path, rule: str = "accuracy > baseline") -> None:
    with pytest.raises(UsageError) as caught:
        judged(files[0], files[1], rule)
    assert complaint in caught.value.line() and "\n" not in caught.value.line()


def test_what_cannot_be_streamed_is_refused_with_what_to_do(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    columns = {"target": TARGET, "score": scores(0.4)}
    good = write(tmp_path, "a.parquet", **columns)
    refused(
        "roc_auc needs all rows at once, and the file has too many; --rule; judge", good, good, rule="roc_auc > 0.5"
    )
    for role in ("weight", "group"):
        extra = write(tmp_path, f"{role}.parquet", **columns, **{role: np.ones(ROWS)})
        refused(f"with a {role} column, more than 1,000 rows cannot be judged", extra, good)
    turned = {name: values[::-1] for name, values in columns.items()} | {"id": np.arange(ROWS)[::-1]}
    refused(
        "row 1 has the id '0' in the candidate's file, '59999' in the", good, write(tmp_path, "b.parquet", **turned)
    )
    other = TARGET.copy()
    other[50_000] ^= True
    refused("row 50,001 has another target", good, write(tmp_path, "c.parquet", target=other, score=columns["score"]))
    pl.read_parquet(good).head(59_000).write_parquet(tmp_path / "d.parquet")
    refused("not the same rows: the candidate's file has 60,000, the baseline's 59,000", good, tmp_path / "d.parquet")
    gaps = write(tmp_path, "e.parquet", target=TARGET, score=np.where(np.arange(ROWS) == 9, np.nan, columns["score"]))
    found = judged(gaps, good, "log_loss < 9")
    assert found.rules[0].outcome == "fail" and "NaN" in found.rules[0].reason


def test_a_metric_whose_rows_depend_on_one_another_is_refused(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    truth = np.random.default_rng(4).normal(size=ROWS)
    file = write(tmp_path, "a.parquet", target=truth, prediction=truth + 0.1)
    refused("r2 needs all rows at once", file, file, rule="r2 > 0.5")


def test_a_loss_that_never_differs_tells_nothing(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    truth = np.random.default_rng(5).normal(size=ROWS)
    ours, theirs, perfect = (
        write(tmp_path, name, target=truth, prediction=truth + off)
        for name, off in (("a.parquet", 1.0), ("b.parquet", -1.0), ("c.parquet", 0.0))
    )
    rules = ("mae <= 2", "mae <= baseline", "rmse <= baseline")
    streamed, held = both(lambda: judged(ours, theirs, *rules, task="regression"))
    assert [(rule.outcome, rule.interval) for rule in streamed.rules] == [("inconclusive", (None, None))] * 3
    assert (held.rules[0].outcome, held.rules[0].interval) == ("inconclusive", (None, None))
    [rule] = judged(perfect, None, "mae <= 2", task="regression").rules
    assert (rule.outcome, rule.candidate, rule.interval) == ("inconclusive", 0.0, (None, None))
    assert rule.reason == "60,000 rows cannot tell: all rows are alike"


def test_labels_that_agree_are_no_change_only_if_scores_do(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    score = scores(0.4)
    one = write(tmp_path, "a.parquet", target=TARGET, score=score)
    other = write(tmp_path, "b.parquet", target=TARGET, score=np.where(score < 0.5, score / 2, score))
    rules = ("f1 >= baseline", "f1 >= baseline * 0.99")
    for baseline, outcome, interval in ((one, "pass", (0.0, 0.0)), (other, "inconclusive", (None, None))):
        streamed, held = both(lambda baseline=baseline: judged(one, baseline, *rules))
        for verdict in (streamed, held):
            assert [rule.outcome for rule in verdict.rules] == [outcome, "pass"]
        assert {rule.interval for rule in streamed.rules} == {interval}


def test_other_names_of_the_labels_are_other_targets(short: pytest.MonkeyPatch, tmp_path: Path) -> None:
    columns = {"target": TARGET, "score": scores(0.4)}
    named, numbered = (
        write(tmp_path, name, **{**columns, "target": target})
        for name, target in (("a.parquet", TARGET), ("b.parquet", TARGET.astype(int)))
    )
    refused("not the same targets: 'false' and 'true' in the candidate's file, '0' and '1' in the", named, numbered)


@pytest.mark.parametrize("answer", [1e100, 1e160, 1e200])
def test_a_long_file_of_a_model_that_diverged_never_passes(
    answer: float, short: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    truth = np.random.default_rng(5).normal(size=ROWS)
    wild = np.where(np.arange(ROWS) == ROWS - 1, answer, truth)
    ours, theirs = (
        write(tmp_path, name, target=truth, prediction=answers)
        for name, answers in (("a.parquet", wild), ("b.parquet", truth + 1.0))
    )
    for verdict in both(lambda: judged(ours, theirs, "rmse <= baseline", "mae <= 9", task="regression")):
        assert {rule.outcome for rule in verdict.rules} <= {"fail", "inconclusive"}


def test_an_undecided_rule_on_a_long_file_says_how_many_rows_it_takes(
    short: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    score, other = scores(0.4), scores(0.4, seed=5)
    score, other = sorted((score, other), key=lambda one: float(np.square(one - TARGET).mean()))
    ours = write(tmp_path, "a.parquet", target=TARGET, score=score)
    theirs = write(tmp_path, "b.parquet", target=TARGET, score=other)
    value, before = (float(np.square(one - TARGET).mean()) for one in (score, other))
    rules = (
        f"brier <= baseline * {value / before + 1e-5:.9f}",
        f"brier <= baseline - {before - value - 1e-5:.9f}",
        f"brier <= {value + 1e-5}",
        f"brier <= {value - 1e-5}",
    )
    streamed, held = both(lambda: judged(ours, theirs, *rules))
    for one, other in zip(streamed.rules, held.rules, strict=True):
        assert one.outcome == other.outcome == "inconclusive"
        assert one.reason.split("about")[0] == other.reason.split("about")[0]
        assert one.rows_needed == (other.rows_needed and pytest.approx(other.rows_needed, rel=0.05))
