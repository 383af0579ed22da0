"""Signals: nothing half done, and a record that says so."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.parts.need import soak
from tests.support.lab import MLOPS_CI, Lab, clean_environment


def abandoned(place: Path) -> list[Path]:
    """Scratch folders there whose owner is gone."""
    found = []
    for lock in place.glob("mlops-ci-run-*/.lock"):
        with suppress(OSError), lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.append(lock.parent)
    return found


def start(lab: Lab, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*MLOPS_CI, "ci", "--host", "local", *arguments],
        cwd=lab.folder,
        env=clean_environment() | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_steps_and_leaves_a_record(lab: Lab, number: signal.Signals, code: int) -> None:
    lab.write("train.py", "import time\nprint('training', flush=True)\ntime.sleep(60)\n")
    lab.commit()
    process = start(lab)
    assert process.stdout is not None
    while "training" not in process.stdout.readline():
        pass
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert errors in {"mlops-ci: error[130]: interrupted\n", "mlops-ci: error[143]: terminated\n"}
    [run] = lab.run("runs", "list", "--json").json
    assert run["status"] == "interrupted"
    assert [step["status"] for step in run["steps"]] == ["interrupted", "not run"]
    assert run["steps"][0]["log_tail"] == ["training"]
    assert lab.versions() == []


def test_a_signal_in_a_later_seed_keeps_what_the_earlier_have_made(lab: Lab) -> None:
    lab.edit("train.py", "import yaml\n", "import os, time, yaml\nif os.environ['MLOPS_CI_SEED'] == '1':\n")
    lab.edit("train.py", "'1':\n", "'1':\n    print('again', flush=True)\n    time.sleep(60)\n")
    lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n    seeds: 3\n")
    lab.commit()
    process = start(lab)
    assert process.stdout is not None
    while "train (seed 1) | again" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "mlops-ci: error[130]: interrupted\n")
    [run] = lab.run("runs", "list", "--json").json
    ended = {(step["name"], step["seed"]): step["status"] for step in run["steps"]}
    assert (ended["train", 0], ended["train", 1], ended["train", 2]) == ("ran", "interrupted", "not run")
    assert lab.versions() == []


def test_after_kill_9_at_any_moment_the_next_run_converges(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Twenty kills in all, or a hundred with MLOPS_CI_SOAK=1, over commits that are new each time."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    rounds, kills_in_each = soak(2, 10), 10
    place = tmp_path / "scratch"  # that of the machine has those that other tests leave meanwhile
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    for number in range(rounds):
        lab.skill(round(0.6 + 0.03 * (number + 1), 2))
        commit = lab.commit(f"model {number}")
        kills = 0
        while kills < kills_in_each:
            process = start(lab, "--quiet", TMPDIR=str(place))
            time.sleep(chance.uniform(0.0, 0.7))
            process.kill()
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
        result = lab.ci()
        newest = lab.versions()[0]
        assert newest["commit"] == commit, f"seed {seed}"
        assert newest["version"] == number + 1, f"seed {seed}"
        assert result["outcome"] in {"promoted", "unchanged"}, f"seed {seed}"
        assert newest["aliases"] == ["champion"], f"seed {seed}"
    done = lab.run("workspace", "check")
    assert done.code == 0, f"seed {seed}: {done.out}{done.err}"
    record_property("seed", seed)
    assert not abandoned(place), "the scratch folders of those that were killed are still there"


def test_a_step_ends_when_mlops_ci_is_killed_outright(lab: Lab) -> None:
    lab.write("train.py", "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)\n")
    lab.commit()
    process = start(lab)
    assert process.stdout is not None
    line = process.stdout.readline()
    while "pid " not in line:
        line = process.stdout.readline()
    step = int(line.rpartition(" ")[2])
    process.kill()
    process.communicate(timeout=20)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _is_running(step):
        time.sleep(0.05)
    assert not _is_running(step)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
