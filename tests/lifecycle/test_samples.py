"""Real rows are registered with a version, beside what the evaluation recorded for them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.lifecycle.sampling import paired_rows, samples_from
from mlops_ci.project.project import EvaluationChoice, PredictionsFile
from mlops_ci.records.codec import encode
from mlops_ci.records.samples import Samples
from mlops_ci.registry.download import samples_of
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log
from tests.support.lab import Lab

COLUMNS = PredictionsFile("p.csv", id=None, target="target", prediction=None, score=None)
BINARY = EvaluationChoice("evaluate", "binary", None, COLUMNS, None)
INPUTS = """\
open("build/eaten.csv", "w").write("id,size,colour\\n" + "".join(f"r{n},{n / 4},red\\n" for n in range(400)))
"""


def feed(lab: Lab) -> None:
    """Let the evaluation leave what the model eats."""
    lab.write("evaluate.py", (lab.folder / "evaluate.py").read_text() + INPUTS)
    lab.edit("mlops.yaml", "build/metrics.json]", "build/metrics.json, build/eaten.csv]")
    inputs = "{path: build/eaten.csv, columns: [size, colour]}"
    lab.edit("mlops.yaml", "[build/model.txt]\nparams", f"[build/model.txt]\n  inputs: {inputs}\nparams")
    lab.commit("what the model eats")


def read_samples(lab: Lab) -> Samples | None:
    store = LocalStore(lab.workspace)
    return samples_of(store, open_log(store, "coin").read().versions[1])


@pytest.fixture(scope="module")
def _fed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = Lab(tmp_path_factory.mktemp("fed") / "coin")
    feed(lab)
    assert lab.ci()["outcome"] == "promoted"
    return lab.folder


@pytest.fixture
def fed(_fed: Path, tmp_path: Path) -> Lab:
    return Lab.existing(Path(shutil.copytree(_fed, tmp_path / "coin", symlinks=True)))


def test_rows_are_spread_over_the_table_and_carry_their_answers(fed: Lab) -> None:
    samples = read_samples(fed)
    assert samples
    assert [column.name for column in samples.columns] == ["size", "colour"]
    assert samples.rows[:2] == ((0.0, "red"), (1.0, "red"))
    assert len(samples.rows) == len(samples.predictions["prediction"]) == 100
    text = next(fed.workspace.rglob("predictions.csv")).read_text()
    recorded = dict(line.split(",")[::2] for line in text.splitlines())
    assert [str(answer) for answer in samples.predictions["prediction"]] == [recorded[f"r{4 * n}"] for n in range(100)]
    assert samples.positive == 1
    assert fed.run("workspace", "check").code == 0
    assert fed.run("workspace", "check", "--json").json[0]["orphans"] == []


def test_two_jobs_register_the_same_samples(fed: Lab, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    expected = read_samples(fed)
    shutil.rmtree(fed.workspace)
    assert fed.run("run", "--read-only", "--bundle", str(bundle)).code == 0
    assert fed.run("ci", "--bundle", str(bundle)).code == 0
    assert read_samples(fed) == expected


@pytest.mark.parametrize("damage", ["other", None])
def test_damaged_samples_are_noticed(fed: Lab, damage: str | None) -> None:
    (stored,) = fed.workspace.rglob("samples.json")
    stored.unlink()
    if damage:
        stored.write_text(damage)
    with pytest.raises(IntegrityError, match=r"other bytes" if damage else r"missing"):
        read_samples(fed)
    assert fed.run("workspace", "check").code == 5


def table(**columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_answers_are_found_by_id_whatever_their_order() -> None:
    inputs, answers = table(id=[3, 1, 2], x=[0.3, 0.1, 0.2]), table(id=[1, 3], target=[0, 1], score=[0.1, 0.3])
    samples = samples_from(inputs, ("x",), answers, BINARY, None)
    assert samples
    assert samples.rows == ((0.3,), (0.1,))
    assert samples.predictions == {"score": (0.3, 0.1)}


@pytest.mark.parametrize(
    "inputs",
    [table(x=[1, 2]), table(x=[1, 2, 3], target=[1, 0, 0]), table(id=["a", "a", "b"], x=[1, 2, 3])],
    ids=["of other length", "with other truths", "with ids that name no row"],
)
def test_tables_that_do_not_fit_pair_no_rows(inputs: pl.DataFrame) -> None:
    answers = table(id=["a", "b", "c"], target=[0, 1, 0], prediction=[0, 1, 0])
    assert paired_rows(inputs, answers, COLUMNS) is None
    samples = samples_from(inputs, ("x",), answers, BINARY, None)
    assert samples
    assert (len(samples.rows), samples.predictions) == (inputs.height, {})


def test_answers_have_their_usual_names() -> None:
    columns = PredictionsFile("p.csv", id=None, target="truth", prediction="said", score="p_")
    evaluation = EvaluationChoice("evaluate", "multiclass", None, columns, None)
    answers = table(truth=["a"], said=["b"], p_a=[0.5], p_b=[float("nan")])
    samples = samples_from(table(x=[1]), ("x",), answers, evaluation, None)
    assert samples
    assert samples.predictions == {"prediction": ("b",), "score_a": (0.5,), "score_b": (None,)}


def test_what_json_lacks_is_written_plainly_and_huge_rows_are_fewer() -> None:
    when = pl.Series(["2024-02-29T12:00"]).str.to_datetime()
    found = samples_from(table(x=[float("inf")]).with_columns(t=when), ("x", "t"), None, None, None)
    assert found
    assert json.loads(encode(found))["rows"] == [[None, "2024-02-29T12:00:00"]]
    fewer = samples_from(table(x=["y" * 100_000] * 100), ("x",), None, None, None)
    assert fewer
    assert 0 < len(fewer.rows) < 11
    assert samples_from(table(x=["y" * 2_000_000]), ("x",), None, None, None) is None
