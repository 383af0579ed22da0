"""Copies the outputs of a run into the working tree, for a person who wants to look at them."""

from __future__ import annotations

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.session import Session


def restore_outputs(session: Session, trained: Trained) -> list[str]:
    """Copy every output to its own path, and return the paths; of several seeds the first, which is the model's.

    Raises:
        UsageError: git tracks a file of that name; it is not overwritten.
    """
    outputs = [file for step in trained.run.steps if not step.seed for file in step.outputs]
    tracked = set(session.snapshot.tracked_files())
    for file in outputs:
        if file.path in tracked:
            raise UsageError(f"git tracks the output {file.path!r}", hint="outputs belong in .gitignore")
    for file in outputs:
        target = session.snapshot.path(file.path)
        target.unlink(missing_ok=True)
        trained.materials.copy(file, target)
    return [file.path for file in outputs]
