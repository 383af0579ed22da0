"""A registration whose N-th system call on files fails, or is its last, leaves no version by half.

Every third call; with ``MLOPS_CI_SOAK=1`` every one. Needs ``strace``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from tests.parts.need import missing, soak
from tests.registry.making import open_log, require_whole
from tests.registry.registering import register_whole, request
from tests.workspace.forked import ROOT

CALLS = "mkdir,link,linkat,fsync,unlink,rename,write,copy_file_range,pwrite64"


def _register(folder: Path, sources: Path, *strace: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.registry.registering", str(folder / "workspace"), str(sources)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        ["strace", "-f", "-qq", "-o", str(folder / "trace"), "-e", f"trace={CALLS}", *strace, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    request(tmp_path / "sources")
    return tmp_path / "sources"


@pytest.fixture
def calls(tmp_path: Path, sources: Path) -> range:
    """The numbers of the calls of an undisturbed registration that are to be disturbed."""
    if shutil.which("strace") is None:
        missing("strace")
    done = _register(tmp_path / "undisturbed", sources)
    if "ptrace" in done.stderr:
        missing("the right to trace a process (ptrace)")
    assert (done.returncode, done.stdout) == (0, "v1 created\n"), done.stderr
    count = sum("exited" not in line for line in (tmp_path / "undisturbed" / "trace").read_text().splitlines())
    return range(1, count + 1, soak(3, 1))


@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EIO"])
def test_a_disturbed_registration_is_whole_or_absent_and_the_next_one_converges(
    tmp_path: Path, sources: Path, calls: range, fault: str
) -> None:
    def disturb(number: int) -> subprocess.CompletedProcess[str]:
        return _register(tmp_path / f"{number}", sources, "-e", f"inject={CALLS}:{fault}:when={number}")

    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(calls, pool.map(disturb, calls), strict=True))
    ends = set()
    for number, done in results.items():
        acknowledged = done.stdout.startswith("v1")
        killed = fault == "signal=KILL"
        ends.add(done.returncode)
        assert killed or done.returncode in {0, 3, 6} or "os.write(1," in done.stderr, done.stderr
        store = LocalStore(tmp_path / f"{number}" / "workspace")
        state = require_whole(store)
        assert not acknowledged or list(state.versions) == [1], f"acknowledged and lost at call {number}"
        assert [version.tags for version in state.versions.values()] in ([], [{"whole": "yes"}]), "half a group"
        again = register_whole(open_log(store), sources)
        assert (again.version.version, again.how) == (1, "existing" if state.versions else "created")
        assert list(require_whole(store).versions) == [1]
    assert ends - {0}, "nothing was disturbed"
