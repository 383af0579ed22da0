"""Retention where the workspace is a ref of a git repository."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlops_ci.edge.clock import now
from mlops_ci.lifecycle.retaining import NEWEST
from mlops_ci.records.codec import encode
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import PULL_REQUESTS, run_key
from mlops_ci.workspace.open import open_store
from tests.support.lab import Lab
from tests.support.run_records import run_record

REF = "refs/mlops-ci/workspace"


def test_what_expires_goes_with_one_push_and_the_history_keeps_its_bytes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.git("init", "--quiet", "--bare", "../remote.git")
    lab.git("remote", "add", "origin", "../remote.git")
    store = open_store("git+origin", lab.folder)
    initialise(store)
    names = [f"2020010{number % 9 + 1}T00000{number // 9}000-{number:08x}" for number in range(NEWEST + 2)]
    with store.together():
        for name in names:
            store.create(run_key(name), encode(run_record(name)))
        store.create(run_key(names[0], PULL_REQUESTS), encode(run_record(names[0])))
    later = now() + timedelta(days=8)  # what was written within a week stays
    monkeypatch.setattr("mlops_ci.cli.gc.now", lambda: later)
    gc = ("workspace", "gc", "--workspace", "git+origin", "--host", "local", "--runs-older-than", "90d")
    pushes = int(lab.git("--git-dir=../remote.git", "rev-list", "--count", REF))
    done = lab.run(*gc, "--pull-requests-older-than", "14d", "--cache-older-than", "30d")
    assert done.code == 0, done.err
    assert "3 objects" in done.out
    assert "the history keeps the bytes" in done.out
    assert int(lab.git("--git-dir=../remote.git", "rev-list", "--count", REF)) == pushes + 1
    left = lab.git("--git-dir=../remote.git", "ls-tree", "-r", "--name-only", REF)
    assert left.count("run.json") == NEWEST
    assert run_key(min(names)) not in left
    assert lab.run(*gc).out == "0 objects, 0 bytes deleted\n"
