"""A workspace that is nothing but git: what steps make is kept in GitHub's cache, from one machine to the next."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.parts.act import Act
from tests.support.lab import Lab, git_environment

WORKFLOW = """\
on: push
jobs:
  model:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {id: model, uses: acme/mlops-ci/actions/run@v1, with: {token: ""}}
"""


def test_a_fresh_machine_trains_nothing_that_another_has_trained(lab: Lab, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--bare", "--quiet", str(remote)], env=git_environment(), check=True)
    lab.edit("mlops.yaml", "version: 1\n", f"version: 1\nworkspace: git+file://{remote}\n")
    lab.write("run.yml", WORKFLOW)
    sha = lab.commit()
    act = Act(lab.folder, tmp_path / "act")
    event = {
        "ref": "refs/heads/main", "after": sha, "repository": {"default_branch": "main", "full_name": "acme/coin"},
        "sender": {"login": "someone"},
    }  # fmt: skip
    logs = []
    for attempt in ("1", "2"):
        machine = tmp_path / "machine"
        env = {
            "RUNNER_ENVIRONMENT": "github-hosted", "MLOPS_CI_CACHE_DIR": str(machine), "GITHUB_RUN_ID": attempt,
            "GITHUB_RUN_ATTEMPT": "1",
        }  # fmt: skip
        ran = act.run("push", "run.yml", payload=event, env=env)
        assert ran.code == 0, ran.log
        logs.append(ran.job.steps["model/verb"].log)
        assert ran.job.steps["model"].outputs["run"]
        shutil.rmtree(machine)
    assert "trained to" in logs[0]
    assert "trained to" not in logs[1]
    assert len([kept for kept in act.kept.iterdir() if kept.name.startswith("mlops-ci-steps-")]) == 2
