"""The agent's checkout of a pull request: one commit deep, detached, of the merge that Azure has tried."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mlops_ci.hosts.azure.event import read_event
from mlops_ci.source.checkout import Checkout
from tests.hosts.azure_jobs import PULL_REQUEST


def git(folder: Path, *arguments: str) -> str:
    names = {
        f"GIT_{role}_{what}": f"a@{role}.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environ = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_shallow_clone_tells_the_author_from_the_target(tmp_path: Path) -> None:
    home, clone = tmp_path / "home", tmp_path / "s"
    home.mkdir()
    git(home, "init", "--quiet", "--initial-branch=main")
    git(home, "commit", "--quiet", "--allow-empty", "--message=first")
    git(home, "switch", "--quiet", "--create=feature/carriers")
    git(home, "commit", "--quiet", "--allow-empty", "--message=idea")
    head = git(home, "rev-parse", "HEAD")
    git(home, "switch", "--quiet", "main")
    git(home, "commit", "--quiet", "--allow-empty", "--message=meanwhile")
    tip = git(home, "rev-parse", "HEAD")
    git(home, "merge", "--quiet", "--no-ff", "--message=Merge pull request 7 from feature into main", head)
    git(home, "update-ref", "refs/pull/7/merge", "HEAD")
    git(home, "reset", "--quiet", "--hard", tip)

    clone.mkdir()
    git(clone, "init", "--quiet")
    git(clone, "remote", "add", "origin", home.as_uri())
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge")
    git(clone, "checkout", "--quiet", "--force", "refs/remotes/pull/7/merge")
    job = PULL_REQUEST | {
        "BUILD_SOURCEVERSION": git(clone, "rev-parse", "HEAD"),
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": head,
    }
    context = read_event(job, Checkout(clone))
    assert (context.commit, context.base, context.default_branch) == (head, tip, "main")
    # By hand, such a run has no variables of the pull request.
    by_hand = {name: value for name, value in job.items() if not name.startswith("SYSTEM_PULLREQUEST")}
    context = read_event(by_hand | {"BUILD_REASON": "Manual"}, Checkout(clone), default_branch="main")
    assert (context.commit, context.base) == (head, tip)
