"""Model packages: what a scoring server serves."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.lifecycle.entry_code import code_of_commit
from mlops_ci.lifecycle.model_package import make_package
from mlops_ci.packaging.package import Code, Part, plan_package
from mlops_ci.project.serve import EnsembleChoice, ServeChoice
from mlops_ci.records.codec import decode
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.records.serving import ServingManifest
from mlops_ci.records.signature import Column
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.layout import conversion_key
from mlops_ci.workspace.local import LocalStore
from tests.images.making import add_version, conversion, form, log_of, no_code, workspace
from tests.support.lab import Lab


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return workspace(tmp_path)


@pytest.fixture
def version(store: LocalStore, tmp_path: Path) -> ModelVersion:
    return add_version(log_of(store), tmp_path / "scratch")


def package(store: LocalStore, version: ModelVersion, folder: Path, **serve: Any) -> ServingManifest:
    read_code = serve.pop("read_code", no_code)
    choice = ServeChoice(**serve)
    return make_package(version, choice, folder, store=store, log_of=partial(log_of, store), read_code=read_code)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_onnx_model_is_packaged_without_any_code(store: LocalStore, version: ModelVersion, tmp_path: Path) -> None:
    manifest = package(store, version, tmp_path / "package")
    found = contents(tmp_path / "package")
    assert sorted(found) == ["models/flight-delay/model.onnx", "serving.json"]
    assert found["models/flight-delay/model.onnx"] == b"onnx"
    assert decode(found["serving.json"], ServingManifest, where="") == manifest
    (served,) = manifest.models
    assert (served.kind, served.version, served.digest, served.commit) == ("onnx", 1, version.digest, version.commit)
    assert (served.classes, [tensor.columns for tensor in served.tensors]) == ((0, 1), [("hour",), ("carrier",)])


def test_the_same_version_gives_the_same_bytes(store: LocalStore, version: ModelVersion, tmp_path: Path) -> None:
    package(store, version, tmp_path / "one")
    before = os.umask(0o077)
    try:
        package(store, version, tmp_path / "two")
    finally:
        os.umask(before)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_damaged_onnx_file_is_not_packaged_and_nothing_is_left(
    store: LocalStore, version: ModelVersion, tmp_path: Path
) -> None:
    assert version.conversion
    assert version.conversion.attempt
    key = conversion_key("flight-delay", version.conversion.attempt, "model.onnx")
    (store.root / key).chmod(0o644)
    (store.root / key).write_bytes(b"oxxx")
    with pytest.raises(IntegrityError, match="other bytes"):
        package(store, version, tmp_path / "below" / "package")
    assert not list((tmp_path / "below").iterdir())


def test_nothing_is_written_over(store: LocalStore, version: ModelVersion, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "mine").touch()
    with pytest.raises(ConflictError, match="something already"):
        package(store, version, tmp_path / "package")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (None, "was not converted to ONNX; add onnx: {} to mlops.yaml and convert it, or write an entry script"),
        (
            conversion(b"", forms=(), served=None, reason="HistGradientBoosting has no converter"),
            "no ONNX form: HistGradientBoosting has no converter; write an entry script and name it in mlops.yaml: "
            "serve: {script: score.py}",
        ),
    ],
)
def test_what_cannot_be_served_is_told_with_the_way_out(version: ModelVersion, made: Any, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_package([Part("m", replace(version, conversion=made))], ServeChoice(), None)
    assert caught.value.exit_code == 2
    assert expected in caught.value.line()


def test_a_form_of_other_columns_than_the_signature_is_refused(version: ModelVersion) -> None:
    other = conversion(b"", forms=(form(b"", columns=("hour", "weather")),), attempt="a")
    with pytest.raises(UsageError, match="the column 'weather'"):
        plan_package([Part("m", replace(version, conversion=other))], ServeChoice(), None)


def test_the_sample_is_in_the_order_of_the_signature(version: ModelVersion) -> None:
    samples = Samples(SAMPLES_FORMAT, (Column("carrier", "string"), Column("hour", "int64")), (("ZZ", 7), ("AA", 8)))
    made = plan_package([Part("m", version, samples)], ServeChoice(), None)
    assert made.manifest.models[0].sample == (7, "ZZ")


def test_further_models_of_the_workspace_are_served_beside_it(
    store: LocalStore, version: ModelVersion, tmp_path: Path
) -> None:
    add_version(log_of(store, "other"), tmp_path / "scratch", onnx=b"other onnx")
    ask_both = EnsembleChoice("both", ("flight-delay", "rival"), "mean", (1.0, 3.0))
    manifest = package(
        store, version, tmp_path / "package", models={"rival": "other@v1"}, ensembles=(ask_both,)
    )  # fmt: skip
    assert [(model.name, model.kind) for model in manifest.models] == [
        ("flight-delay", "onnx"), ("rival", "onnx"), ("both", "ensemble")
    ]  # fmt: skip
    assert contents(tmp_path / "package")["models/rival/model.onnx"] == b"other onnx"
    both = manifest.models[2]
    assert (both.members, both.combine, both.weights, both.classes) == (ask_both.members, "mean", (1.0, 3.0), (0, 1))
    with pytest.raises(UsageError, match="unknown model 'nobody'"):
        package(store, version, tmp_path / "second", models={"rival": "nobody@champion"})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (EnsembleChoice("all", ("one", "three"), "mean", ()), "no model 'three' to ask"),
        (EnsembleChoice("all", ("one", "two"), "mean", (1.0, 2.0, 3.0)), "the weights do not fit"),
        (EnsembleChoice("all", ("one", "two"), "vote", (1.0, 2.0)), "the weights do not fit"),
        (EnsembleChoice("all", ("one", "classes"), "vote", ()), "one and classes have different classes"),
        (EnsembleChoice("all", ("one", "columns"), "vote", ()), "one and columns have different columns"),
        (EnsembleChoice("one", ("one", "two"), "vote", ()), "two served models are called 'one'"),
    ],
)
def test_an_ensemble_that_makes_no_sense_is_refused(
    version: ModelVersion, choice: EnsembleChoice, expected: str
) -> None:
    assert version.signature
    swapped = replace(version.signature, inputs=version.signature.inputs[::-1])
    parts = [
        Part("one", version),
        Part("two", version),
        Part("classes", replace(version, conversion=conversion(b"", forms=(form(b"", classes=(2, 3)),), attempt="a"))),
        Part("columns", replace(version, signature=swapped)),
    ]
    with pytest.raises(UsageError, match=expected):
        plan_package(parts, ServeChoice(ensembles=(choice,)), None)


def test_an_entry_script_cannot_be_a_member(version: ModelVersion) -> None:
    parts = [Part("one", version), Part("two", version)]
    choice = ServeChoice(ensembles=(EnsembleChoice("both", ("one", "two"), "mean", ()),))
    with pytest.raises(UsageError, match="one is served by an entry script"):
        plan_package(parts, choice, Code("score.py", {"score.py": b""}))


def test_an_entry_script_is_that_of_the_versions_commit(store: LocalStore, lab: Lab, tmp_path: Path) -> None:
    lab.write("serving/score.py", "def init(): ...\n")
    lab.write("serving/words/en.txt", "hello\n")
    commit = lab.commit("an entry script")
    lab.write("serving/score.py", "changed since\n")
    files = {"build/model.pkl": b"pickle", "build/vocabulary.json": b"{}"}
    version = add_version(log_of(store), tmp_path / "scratch", onnx=None, commit=commit, files=files)
    checkout = Checkout(lab.folder)
    serve = {"script": "serving/score.py", "assets": ("serving/words",)}
    manifest = package(store, version, tmp_path / "package", read_code=code_of_commit(checkout, "."), **serve)
    assert contents(tmp_path / "package") == {
        "models/flight-delay/code/serving/score.py": b"def init(): ...\n",
        "models/flight-delay/code/serving/words/en.txt": b"hello\n",
        "models/flight-delay/files/build/model.pkl": b"pickle",
        "models/flight-delay/files/build/vocabulary.json": b"{}",
        "serving.json": (tmp_path / "package" / "serving.json").read_bytes(),
    }
    served = manifest.models[0]
    assert (served.kind, served.file) == ("script", "models/flight-delay/code/serving/score.py")
    assert served.folder == "models/flight-delay/files"


def test_a_script_that_is_mended_needs_no_new_version(version: ModelVersion, lab: Lab) -> None:
    lab.write("score.py", "def init(): ...\n")
    first = lab.commit("an entry script")
    lab.write("score.py", "mended\n")
    later = replace(version, commit=first, links=(lab.commit("a mended script"),))
    assert code_of_commit(Checkout(lab.folder), ".")(later, ("score.py",)) == {"score.py": b"mended\n"}


@pytest.mark.parametrize(
    ("script", "expected"),
    [("score.py", "'score.py' is not in the commit"), ("../score.py", "leads out of the project"), ("link", "a link")],
)
def test_an_entry_script_that_cannot_be_had_is_told(
    store: LocalStore, lab: Lab, tmp_path: Path, script: str, expected: str
) -> None:
    (lab.folder / "link").symlink_to("/etc/passwd")
    version = add_version(log_of(store), tmp_path / "scratch", onnx=None, commit=lab.commit("a link"))
    with pytest.raises(UsageError, match=expected):
        package(
            store, version, tmp_path / "package", script=script, read_code=code_of_commit(Checkout(lab.folder), ".")
        )
    assert not (tmp_path / "package").exists()


def test_a_version_without_a_commit_has_no_entry_script(version: ModelVersion, lab: Lab) -> None:
    with pytest.raises(UsageError, match="no commit to take the entry script from"):
        code_of_commit(Checkout(lab.folder), ".")(replace(version, commit=None), ("score.py",))
