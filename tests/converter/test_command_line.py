"""``python -m mlops_ci.converter``: what it leaves behind, and what it says of broken input."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import onnx
import polars as pl
import pytest
import xgboost
from onnx import TensorProto, helper, numpy_helper
from sklearn import linear_model, neighbors, pipeline, preprocessing

from mlops_ci.converter import speed
from mlops_ci.converter.__main__ import main
from mlops_ci.records.codec import decode_strictly
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.digest import digest_of_bytes

Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS_A_CALL", 0.0)
    monkeypatch.setattr(speed, "BATCHES", (1, 10))


@pytest.fixture
def project(tmp_path: Path, blobs: Data) -> Path:
    pl.DataFrame(blobs[0], schema=["a", "b", "c", "d"]).write_parquet(tmp_path / "rows.parquet")
    return tmp_path


def save(model: Any, file: Path) -> Path:
    file.write_bytes(pickle.dumps(model))
    return file


def convert(folder: Path, model: Path, *more: str) -> Conversion:
    arguments = ["--model", str(model), "--rows", str(folder / "rows.parquet"), "--out", str(folder / "out"), *more]
    assert main(["convert", *arguments]) == 0
    return decode_strictly((folder / "out/conversion.json").read_bytes(), Conversion, where="conversion.json")


def linear(blobs: Data) -> Any:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(*blobs)


def test_a_conversion_says_how_the_model_is_called_how_equal_and_how_fast(project: Path, blobs: Data) -> None:
    found = convert(project, save(linear(blobs), project / "model.pkl"))
    form = found.form()
    assert form is not None
    data = (project / "out" / form.file.path).read_bytes()
    assert (form.file.digest, form.file.size) == (digest_of_bytes(data), len(data))
    assert (found.source, found.kind, found.reason) == ("model.pkl", "Pipeline", None)
    assert [(each.name, each.type, each.shape, each.columns) for each in form.inputs] == [
        ("X", "float64", (None, 4), ("a", "b", "c", "d"))
    ]
    assert [(each.name, each.role, each.type, each.shape, each.classes) for each in form.outputs] == [
        ("label", "label", "int64", (None,), (0, 1, 2)),
        ("score", "score", "float64", (None, 3), (0, 1, 2)),
    ]
    assert (form.parity.rows, form.parity.labels_differing, form.parity.differing) == (200, 0, ())
    assert [each.batch for each in form.speed] == [1, 10]
    assert {"onnx", "onnxruntime", "skl2onnx"} <= set(found.tools)


def test_int8_weights_come_with_their_answers_for_every_row(project: Path, blobs: Data) -> None:
    found = convert(project, save(linear(blobs), project / "model.pkl"), "--int8")
    assert [form.precision for form in found.forms] == ["float32", "int8"]
    assert found.served == "float32"
    answers = json.loads((project / "out/int8_predictions.json").read_text())
    assert (len(answers["label"]), len(answers["score"]), len(answers["score"][0])) == (200, 200, 3)
    assert answers["classes"] == [0, 1, 2]


def test_trees_have_nothing_to_quantise_and_beyond_the_tolerance_there_is_no_model(project: Path, blobs: Data) -> None:
    model = save(lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(*blobs), project / "model.pkl")
    found = convert(project, model, "--int8")
    assert [form.precision for form in found.forms] == ["float32"]
    assert any("nothing to quantise" in fix for fix in found.fixes)
    found = convert(project, model, "--tolerance", "1e-15")
    assert not found.forms
    assert "0 of 200 labels differ" in (found.reason or "")


def test_boosters_are_read_from_the_files_of_their_libraries(project: Path, blobs: Data) -> None:
    x, y = blobs
    lightgbm.train({"verbose": -1, "objective": "multiclass", "num_class": 3}, lightgbm.Dataset(x, y), 3).save_model(
        project / "model.txt"
    )
    xgboost.train({"objective": "reg:squarederror"}, xgboost.DMatrix(x, y), 3).save_model(project / "model.ubj")
    joblib.dump(linear(blobs), project / "model.joblib")
    roles = {}
    for name in ("model.txt", "model.ubj", "model.joblib"):
        form = convert(project, project / name).form()
        assert form is not None
        roles[name] = [output.role for output in form.outputs]
    assert roles == {"model.txt": ["label", "score"], "model.ubj": ["value"], "model.joblib": ["label", "score"]}


def test_a_model_without_a_counterpart_ends_green_with_a_reason_and_a_hint(project: Path, blobs: Data) -> None:
    found = convert(project, save(neighbors.NearestCentroid().fit(*blobs), project / "model.pkl"))
    assert (found.forms, found.served) == ((), None)
    assert "NearestCentroid" in (found.reason or "")
    assert "entry script" in (found.hint or "")
    assert not (project / "out/model.onnx").exists()


def test_verify_and_bench_answer_in_json(project: Path, blobs: Data, capsys: pytest.CaptureFixture[str]) -> None:
    model, other = (
        save(linear(blobs), project / "model.pkl"),
        save(linear((blobs[0], blobs[1][::-1])), project / "x.pkl"),
    )
    convert(project, model)
    files = ["--onnx", str(project / "out/model.onnx"), "--rows", str(project / "rows.parquet")]
    assert main(["verify", "--model", str(model), *files]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 200
    assert main(["verify", "--model", str(other), *files]) == 1
    assert len(json.loads(capsys.readouterr().out)["differing"]) == 20
    assert main(["bench", "--model", str(model), *files]) == 0
    assert [each["batch"] for each in json.loads(capsys.readouterr().out)["speed"]] == [1, 10]


@pytest.mark.parametrize(
    ("model", "columns", "said"),
    [
        ("gone.pkl", None, "no such model"),
        ("junk.pkl", None, "cannot be loaded"),
        ("model.pkl", '["a", "z"]', "no column 'z'"),
        ("model.pkl", '["a"]', "the model eats 4 columns, the rows have 1"),
        ("model.pkl", '"a"', "not a JSON list"),
    ],
)
def test_broken_input_is_one_line(
    model: str, columns: str | None, said: str, project: Path, blobs: Data, capsys: pytest.CaptureFixture[str]
) -> None:
    save(linear(blobs), project / "model.pkl")
    (project / "junk.pkl").write_bytes(b"no pickle")
    more = ["--columns", columns] if columns else []
    arguments = [
        "--model",
        str(project / model),
        "--rows",
        str(project / "rows.parquet"),
        "--out",
        str(project / "out"),
    ]
    assert main(["convert", *arguments, *more]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_it_runs_where_nothing_else_of_ours_is(tmp_path: Path) -> None:
    root, ours = tmp_path / "alone/mlops_ci", Path(main.__code__.co_filename).parent
    root.mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "converter").symlink_to(ours)
    modules = [f"mlops_ci.converter.{file.stem}" for file in ours.glob("*.py") if not file.stem.startswith("__")]
    code = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(m) for m in sys.argv[2:]]"
    code += "; print([m for m in ('sklearn', 'skl2onnx', 'onnxruntime', 'lightgbm', 'xgboost') if m in sys.modules])"
    command = [sys.executable, "-c", code, str(root.parent), "mlops_ci.converter.__main__", *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def foreign(folder: Path, location: str, *, length: int = 128) -> Path:
    """An ONNX model whose weights lie in another file."""
    weights = numpy_helper.from_array(np.ones((4, 4)), "weights")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        weights.external_data.add(key=key, value=value)
    given = [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, 4])]
    answered = [helper.make_tensor_value_info("sums", TensorProto.DOUBLE, [None, 4])]
    nodes = [helper.make_node("MatMul", ["rows", "weights"], ["sums"])]
    graph = helper.make_graph(nodes, "foreign", given, answered, [weights])
    file = folder / "models/foreign.onnx"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    )
    return file


def test_a_model_that_is_onnx_already_becomes_one_file(project: Path) -> None:
    file = foreign(project, "weights.bin")
    (file.parent / "weights.bin").write_bytes(np.full((4, 4), 2.0).tobytes())
    found = convert(project, file)
    form = found.form()
    assert form is not None
    assert (found.kind, form.inputs[0].columns, form.outputs[0].role) == ("ONNX", ("a", "b", "c", "d"), "value")
    assert not [each for each in onnx.load(project / "out/model.onnx").graph.initializer if each.external_data]


@pytest.mark.parametrize(
    ("location", "code"),
    [("../secret.bin", 5), ("{absolute}", 5), ("link.bin", 5), ("sub/../../secret.bin", 5), ("", 5), ("gone.bin", 2)],
)
def test_weights_outside_of_the_models_folder_are_refused(
    location: str, code: int, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = project / "secret.bin"
    secret.write_bytes(bytes(128))
    file = foreign(project, location.format(absolute=secret))
    (file.parent / "link.bin").symlink_to(secret)
    arguments = ["--model", str(file), "--rows", str(project / "rows.parquet"), "--out", str(project / "out")]
    assert main(["convert", *arguments]) == code
    assert "weights" in capsys.readouterr().err


def test_weights_that_claim_more_than_their_file_has_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = foreign(project, "weights.bin", length=1 << 40)
    (file.parent / "weights.bin").write_bytes(bytes(128))
    arguments = ["--model", str(file), "--rows", str(project / "rows.parquet"), "--out", str(project / "out")]
    assert main(["convert", *arguments]) == 2
    assert "not where it says" in capsys.readouterr().err
