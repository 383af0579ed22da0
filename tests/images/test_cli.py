"""The verbs: what people and programs see of images."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from mlops_ci.__main__ import run
from mlops_ci.errors import UsageError
from mlops_ci.faces.lock import pins
from mlops_ci.lifecycle.image_software import software
from mlops_ci.packaging.base import Base
from mlops_ci.packaging.oci import BaseManifest
from mlops_ci.packaging.reference import parse_image
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import encode
from mlops_ci.records.commit import Commit
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.host import HostContext
from mlops_ci.records.machine import Machine
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import RUN_FORMAT, Run
from mlops_ci.records.serving import SERVING_FORMAT, ServedModel, ServingManifest
from mlops_ci.workspace.layout import run_key
from tests.images.conftest import Bench
from tests.images.fake_registry import fake_registry
from tests.registry.making import sha


@pytest.fixture
def here(bench: Bench, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a verb on the bench's project."""
    bench.add()
    bench.shop()  # writes the project
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(bench.cache))
    monkeypatch.setenv("DOCKER_CONFIG", str(bench.folder))

    def verb(*arguments: str) -> tuple[int, str, str]:
        code = run(["image", *arguments])
        return code, *capfd.readouterr()

    return verb


WORKSPACE = ("--workspace", "workspace")


def test_build_push_and_inspect_tell_the_same_image(here: Any, bench: Bench) -> None:
    code, out, err = here("build", "flight-delay@v1", "--output", "folder", "--json", *WORKSPACE)
    assert code == 0, err
    built = json.loads(out)
    assert err.startswith("base: ")
    code, out, err = here("push", "flight-delay@v1", "--repository", bench.repository, *WORKSPACE)
    assert code == 0, err
    assert out.startswith(f"flight-delay v1: {bench.repository}@{built['digest']}\n")
    assert "layers: 3 sent, 1 mounted" in out
    code, out, err = here("inspect", f"{bench.repository}:v1", "--json")
    of_registry = json.loads(out)
    code, out, err = here("inspect", "folder", "--json")
    assert json.loads(out)["digest"] == of_registry["digest"] == built["digest"]
    assert json.loads(out)["layers"] == of_registry["layers"]
    code, out, err = here("inspect", "folder")
    assert code == 0 and "flight-delay v1" in out and "dependencies" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("push", "flight-delay@v1"), "it is not said where the image goes; give --repository"),
        (("push", "flight-delay@v1", "--repository", "a.b/c:v1"), "a repository has neither tag nor digest"),
        (("push", "flight-delay@v1", "--repository", "a.b/c", "--tag", "-x"), "not a tag"),
        (("build", "flight-delay@v7"), "no version 7"),
        (("build", "flight-delay@v1", "--output", "mlops.yaml"), "is a file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(here: Any, arguments: tuple[str, ...], expected: str) -> None:
    code, _, err = here(*arguments, *WORKSPACE)
    assert code == 2
    assert expected in err.splitlines()[-1]


def test_inspecting_what_is_not_there_is_told(here: Any, bench: Bench) -> None:
    assert here("inspect", f"{bench.repository}:absent")[0] == 2
    (bench.folder / "empty").mkdir()
    code, _, err = here("inspect", "empty")
    assert code == 2 and "not the folder of an image" in err


def test_a_push_that_breaks_off_leaves_no_image_and_no_entry(here: Any, bench: Bench) -> None:
    with fake_registry(may_push=False) as state:
        code, _, err = here("push", "flight-delay@v1", "--repository", f"{state.address}/acme/model", *WORKSPACE)
    assert code == 3 and "does not let us write" in err
    assert not state.manifests.get("acme/model")
    assert bench.shop().log_of("flight-delay").read().versions[1].images == ()


SCRIPT = ServingManifest(SERVING_FORMAT, "m", (ServedModel("m", "script", file="score.py"),))
TRAINED = "idna==3.10 --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3\n"


def add_trained(bench: Bench, kind: Literal["pip", "interpreter"]) -> ModelVersion:
    """A version whose run had an environment of that kind."""
    lock = EnvironmentLock(kind, "3.11", "linux-x86_64", digest_of_bytes(TRAINED.encode()), TRAINED)
    commit = Commit(sha(1), "main", None, "A <a@b.c>", "message", "2026-01-01T00:00:00Z")
    host = HostContext("local", "push", "main", "main", None, ephemeral=False, actor=Actor("tester"))
    machine = Machine("linux", "x86_64", 2, 8 << 30, "3.11.2")
    told = Run(
        RUN_FORMAT, "r1", "flight-delay", "succeeded", None, "mlops-ci", "2026-01-01T00:00:00Z", 1.0, commit, None,
        host, machine, lock, (),
    )  # fmt: skip
    bench.store.create(run_key("r1"), encode(told))
    return bench.add(run="r1")


def software_of(bench: Bench, version: ModelVersion, python: str) -> str:
    shop = bench.shop()
    base = Base(parse_image(f"registry.example/base@{digest_of_bytes(b'base')}"), BaseManifest((), {}))
    found = software(version, SCRIPT, base, wanted=python, folder=bench.folder, store=shop.store, environ=shop.environ)
    return found.text


def test_an_entry_script_has_the_software_of_the_training_and_the_server_in_one_lock(bench: Bench) -> None:
    version = add_trained(bench, "pip")
    lock = software_of(bench, version, "3.11")
    found = pins(lock)
    assert "idna==3.10" in found["idna"]
    assert {"httptools", "uvloop", "msgspec", "numpy"} <= set(found)
    assert software_of(bench, version, "3.11") == lock
    with pytest.raises(UsageError, match=r"trained with Python 3\.11, and the base has 3\.12"):
        software_of(bench, version, "3.12")


def test_an_entry_script_whose_software_was_not_locked_has_no_image(bench: Bench) -> None:
    with pytest.raises(UsageError, match="the software of the entry script is not locked"):
        software_of(bench, add_trained(bench, "interpreter"), "3.11")
