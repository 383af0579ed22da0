"""The program that runs a notebook, in a process group of its own as it will be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import mlops_ci
from tests.notebook.making import notebook


def test_whoever_ends_the_group_ends_the_kernel_and_what_it_has_started_and_finds_the_notebook(tmp_path: Path) -> None:
    cell = (
        "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\n"
        "print(os.getpgid(0), os.getpgid(child.pid), flush=True)\ntime.sleep(600)"
    )
    (tmp_path / "n.ipynb").write_text(notebook("print('first')", cell))
    process = subprocess.Popen(
        [sys.executable, "-m", "mlops_ci.notebook", "n.ipynb", "--keep", "out/n.ipynb"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(mlops_ci.__file__).parents[1]), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    # What is in the group is ended by whoever ends a step: see tests/pipeline/test_interruption.py.
    assert process.stdout.readline().split() == [str(process.pid)] * 2
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout.read() == ""  # all that had it open are gone
    process.stdout.close()
    kept = json.loads((tmp_path / "out/n.ipynb").read_text())
    said = ["".join(cell["outputs"][0]["text"]) for cell in kept["cells"]]
    assert said == ["first\n", f"{process.pid} {process.pid}\n"]
