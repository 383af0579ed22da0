"""What lies between two commits of a whole clone."""

from __future__ import annotations

import pytest

from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import UsageError
from mlops_ci.records.difference import FileChange
from mlops_ci.source.checkout import Checkout
from tests.support.lab import Lab

NONE = Redactor(())


def test_files_that_came_went_changed_and_moved(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    lab.git("mv", "evaluate.py", "ev\n|aluate.py")  # a name as others may choose it
    lab.write("train.py", "print()\n")
    lab.write("new file.py", "")
    (lab.folder / "README.md").unlink()
    new = lab.commit()
    assert Checkout(lab.folder).file_changes(old, new) == (
        FileChange("README.md", "deleted"),
        FileChange("ev\n|aluate.py", "renamed", old="evaluate.py"),
        FileChange("new file.py", "added"),
        FileChange("train.py", "modified"),
    )


def test_commits_newest_first_and_no_more_than_asked_for(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    made = [lab.commit(f"change {number}\n\n\x1ein two parts") for number in range(3)]
    checkout = Checkout(lab.folder)
    assert [commit.sha for commit in checkout.commits_between(old, made[2], 9, NONE)] == made[::-1]
    assert [commit.subject for commit in checkout.commits_between(old, made[2], 2, NONE)] == ["change 2", "change 1"]
    assert checkout.commits_between(made[2], old, 9, NONE) == ()


def test_a_commit_that_is_not_here_is_named(lab: Lab) -> None:
    with pytest.raises(UsageError, match="f" * 40):
        Checkout(lab.folder).commits_between("f" * 40, "HEAD", 9, NONE)
