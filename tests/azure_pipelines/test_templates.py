"""The YAML templates, for who may not install the extension: their steps, really run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.azure_pipelines.conftest import ROOT
from tests.hosts.azure_jobs import PUSH
from tests.parts.azure_steps import Job, load, run_jobs, run_steps
from tests.parts.azure_task import TOKEN, Agent, Ended, read
from tests.support.lab import Lab

TEMPLATES = ROOT / "pipelines/templates"
EVENT = {"type": "mlops-ci.model-promoted", "data": {"model": "flight-delay", "version": 12, "test": False}}
MARK = "it-was-executed"


def agent_of(folder: Path, lab: Lab) -> Agent:
    """An agent that has checked out the repository and, beside it, ours."""
    commit = {"BUILD_SOURCEVERSION": lab.git("rev-parse", "HEAD")}
    agent = Agent(folder, lab.folder, {name: PUSH[name] for name in PUSH if name != "SYSTEM_ACCESSTOKEN"} | commit)
    (folder / "mlops-ci").symlink_to(ROOT)
    return agent


def test_ci_promotes_the_first_model_and_hands_on_its_outputs(tmp_path: Path, lab: Lab) -> None:
    given = {"workspace": str(tmp_path / "models"), "env": {"OF_THE_STORAGE": "$(storageKey)"}}
    template = load(TEMPLATES / "ci.yml", given)
    secrets = {"System.AccessToken": TOKEN, "storageKey": "k"}
    job = run_steps(template["steps"], agent_of(tmp_path / "agent", lab), secrets=secrets)
    assert job.succeeded, job.log
    assert (job.outputs["model"]["outcome"], job.outputs["model"]["version"]) == ("promoted", "1"), job.log
    set_up, ci = job.environments
    assert "SYSTEM_ACCESSTOKEN" not in set_up
    assert (ci["SYSTEM_ACCESSTOKEN"], ci["OF_THE_STORAGE"]) == (TOKEN, "k")
    assert TOKEN not in job.log


def test_no_job_that_runs_the_code_of_a_model_has_the_token(tmp_path: Path, lab: Lab) -> None:
    given = {"workspace": str(tmp_path / "models"), "publishEnv": {"MAY_WRITE": "yes"}, "trainEnv": {"MAY_READ": "yes"}}
    lab.run("workspace", "init", "--workspace", str(tmp_path / "models"))
    jobs = load(TEMPLATES / "train-and-publish.yml", given)["jobs"]
    done = run_jobs(jobs, lambda name: agent_of(tmp_path / name, lab))
    assert set(done) == {"train", "publish"}, done["train"].log
    assert done["publish"].succeeded, done["publish"].log
    assert done["publish"].outputs["model"]["outcome"] == "promoted"
    assert done["train"].outputs["bundle"]["bundleDigest"]
    assert all("SYSTEM_ACCESSTOKEN" not in env and "MAY_WRITE" not in env for env in done["train"].environments)
    assert done["train"].environments[-1]["MAY_READ"] == "yes"
    assert all("MAY_READ" not in env for env in done["publish"].environments)


def on_model(tmp_path: Path, event: Mapping[str, Any]) -> tuple[Job, list[Mapping[str, str]]]:
    """Start the pipeline by an event; what it would download."""
    wanted: list[Mapping[str, str]] = []

    def task(name: str, inputs: Mapping[str, str]) -> Ended:
        assert name == "MlopsDownload@1"
        wanted.append(inputs)
        Path(inputs["downloadPath"]).mkdir()
        return read("##vso[task.complete result=Succeeded]", 0)

    (tmp_path / "s").mkdir()
    pipeline = load(TEMPLATES / "on-model.yml", {"mlopsModel": event})
    return run_steps(pipeline["steps"], Agent(tmp_path / "agent", tmp_path / "s", PUSH), {}, task), wanted


def test_a_model_that_lands_is_downloaded(tmp_path: Path) -> None:
    job, wanted = on_model(tmp_path, EVENT)
    assert job.succeeded, job.log
    [inputs] = wanted
    assert (inputs["definition"], inputs["version"]) == ("flight-delay", "12")


@pytest.mark.parametrize(
    "event",
    [
        {},
        EVENT | {"type": "mlops-ci.model-registered"},
        EVENT | {"data": {"model": "another", "version": 1}},
        EVENT | {"data": {"model": "flight-delay", "version": 1, "test": True}},
        EVENT | {"data": {"model": f"flight-delay; touch {MARK}", "version": 1}},
        EVENT | {"data": {"model": f"$(touch {MARK})", "version": "1"}},
    ],
    ids=json.dumps,
)
def test_any_other_event_ends_green_with_nothing_done(tmp_path: Path, event: dict[str, Any]) -> None:
    job, wanted = on_model(tmp_path, event)
    assert (job.succeeded, wanted) == (True, []), job.log
    assert not list(tmp_path.rglob(MARK))


@pytest.mark.parametrize("version", ["", "1; touch x", "1\n##vso[task.setvariable variable=wanted]true", "-1"])
def test_an_event_whose_version_is_none_fails(tmp_path: Path, version: str) -> None:
    job, wanted = on_model(tmp_path, EVENT | {"data": {"model": "flight-delay", "version": version}})
    assert (job.succeeded, wanted) == (False, []), job.log
