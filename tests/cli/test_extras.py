"""``extras``: what a job has to install beyond the core, told without asking anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_ci.__main__ import run

STEPS = "steps: {train: {run: x, outputs: [model, m.json]}}\n"
GATE = "evaluation: {metrics: m.json}\ngate: {rules: ['size <= 1']}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, which is the home of a user without credentials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def extras(capsys: pytest.CaptureFixture[str], project: str | None = "", *arguments: str) -> list[str]:
    if project is not None:
        Path("mlops.yaml").write_text(f"version: 1\nmodel: {{name: coin, files: [model]}}\n{STEPS}{project}")
    assert run(["extras", *arguments]) == 0
    return capsys.readouterr().out.split()


def test_a_bare_project_and_no_project_need_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extras(capsys, None) == []
    assert extras(capsys) == []


def test_a_gate_and_an_environment_need_theirs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extras(capsys, GATE) == ["gate"]
    assert extras(capsys, "environment: {pip: requirements.txt}\n", "--extra", "charts") == ["charts", "pip"]


PLACES = """\
deploy:
  laptop: {target: process}
  box: {target: docker}
  shop: {target: kubernetes}
  quick: {target: aci, subscription: 00000000-0000-0000-0000-000000000000, resource_group: ml, location: westeurope}
"""


@pytest.mark.parametrize(
    ("verb", "name", "needed"),
    [
        ("ci", None, []),
        ("onnx convert", None, ["pip"]),
        ("image push", None, ["pip"]),
        ("collected compact", None, ["gate"]),
        ("deploy", "laptop", ["serve"]),
        ("deploy", "box", ["docker", "pip"]),
        ("deploy", "shop", ["kubernetes", "pip"]),
        ("deployments rollback", "quick", ["azure", "pip"]),
        ("deployments check", "shop", ["kubernetes"]),
        ("deployments check", None, ["azure", "docker", "kubernetes", "serve"]),
    ],
)
def test_only_who_deploys_installs_what_the_place_needs(
    home: Path, capsys: pytest.CaptureFixture[str], verb: str, name: str | None, needed: list[str]
) -> None:
    assert extras(capsys, PLACES, "--verb", verb, *(["--name", name] if name else [])) == needed
    assert extras(capsys, PLACES) == []


@pytest.mark.parametrize("name", ["GITHUB_REF", "BUILD_SOURCEBRANCH"])
def test_a_job_for_a_tag_needs_what_it_deploys_to(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    follows = PLACES.replace("{target: kubernetes}", "{target: kubernetes, tags: ['v*']}")
    monkeypatch.setenv(name, "refs/tags/v1")
    assert extras(capsys, follows) == ["kubernetes", "pip"]
    monkeypatch.setenv(name, "refs/tags/w1")
    assert extras(capsys, follows) == []
    assert extras(capsys, follows + "image: {repository: ghcr.io/acme/coin}\n") == ["pip"]


def test_an_image_of_a_dockerfile_is_built_by_the_engine(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = "image: {dockerfile: Dockerfile, repository: ghcr.io/acme/coin}\n"
    assert extras(capsys, project, "--verb", "image push") == ["docker"]
    assert extras(capsys, project + PLACES, "--verb", "deploy", "--name", "shop") == ["docker", "kubernetes"]


def test_comments_of_azure_need_pictures(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_BUILD", "True")
    assert extras(capsys) == ["charts"]


def test_a_project_that_is_wrong_is_left_to_the_verb(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extras(capsys, "nonsense: 1\n") == []
    assert extras(capsys, "nonsense: 1\n", "--extra", "gate") == ["gate"]


def test_the_sdk_of_amazon_is_needed_for_profiles_only(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert extras(capsys, "workspace: s3://models/coin\n") == []
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert extras(capsys) == []
    assert extras(capsys, "workspace: s3://models/coin\n") == ["aws"]
    assert extras(capsys, "", "--workspace", "S3://models/coin") == ["aws"]
    assert extras(capsys, "cache: {url: s3://models/cache}\n") == ["aws"]
    assert extras(capsys, "workspace: {log: git+origin, files: s3://models/coin}\n") == ["aws"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    assert extras(capsys, "workspace: s3://models/coin\n") == []


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("external_account", ["google"]), ("service_account", []), ("authorized_user", []), (None, [])],
)
def test_the_sdk_of_google_is_needed_for_a_workload_identity(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str | None,
    needed: list[str],
) -> None:
    (home / "credentials.json").write_text("not JSON" if kind is None else json.dumps({"type": kind}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "credentials.json"))
    assert extras(capsys, "workspace: gs://models/coin\n") == needed


def test_results_of_steps_stay_on_the_machine_where_the_workspace_is_git_alone(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", "/kept")

    def steps(project: str) -> str | None:
        Path("mlops.yaml").write_text(f"version: 1\nmodel: {{name: coin, files: [model]}}\n{STEPS}{project}")
        assert run(["extras", "--json"]) == 0
        found: str | None = json.loads(capsys.readouterr().out)["steps"]
        return found

    assert steps("workspace: git+origin\n") == "/kept/steps"
    assert steps("workspace: s3://models/coin\n") is None
    assert steps("workspace: {log: git+origin, files: s3://models/coin}\n") is None
    assert steps("workspace: git+origin\ncache: {url: s3://models/cache}\n") is None
