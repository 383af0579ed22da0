"""A job that is cancelled, as the services of CI do it: SIGINT, SIGTERM after 7.5 seconds, the end after 2.5 more."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.lab import MLOPS_CI, TRAIN, Lab, clean_environment

# Neither the variable nor the marker is in a fingerprint: the run that follows is the same run.
SLOW = """\
import os, pathlib, signal, time
if os.environ["SLOW"] != "no":
    if os.environ["SLOW"] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("training", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def slow(lab: Lab) -> Lab:
    lab.write("train.py", SLOW + TRAIN)
    lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n    env: [SLOW]\n")
    lab.commit("slow")
    return lab


def cancelled(lab: Lab, workspace: Path, how: str, first: signal.Signals) -> int:
    """Start ``ci`` in a job, cancel the job while a step runs, and return the exit code."""
    process = subprocess.Popen(
        [*MLOPS_CI, "ci", "--workspace", str(workspace)],
        cwd=lab.folder,
        env=clean_environment() | {"CI": "true", "SLOW": how},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "training" not in process.stdout.readline():
        pass
    process.send_signal(first)
    try:
        process.communicate(timeout=7.5)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate(timeout=20)
    return process.returncode


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", ["obedient", "stubborn"])
def test_a_cancelled_job_ends_in_time_and_the_next_converges(
    slow: Lab, tmp_path: Path, how: str, first: signal.Signals
) -> None:
    workspace = tmp_path / "workspace"
    code = cancelled(slow, workspace, how, first)
    assert code in {128 + first, 143}
    listed = slow.run("runs", "list", "--json", "--workspace", str(workspace))
    assert listed.code == 0, listed.err
    if how == "obedient":
        assert [run["status"] for run in listed.json] == ["interrupted"]
    done = slow.run("ci", "--json", "--workspace", str(workspace), env={"CI": "true", "SLOW": "no"})
    assert done.code == 0, done.err
    assert (done.json["outcome"], done.json["version"]) == ("promoted", 1)
    assert slow.run("workspace", "check", "--workspace", str(workspace)).code == 0
