"""Flags a pull request that changes what it is judged by."""

from __future__ import annotations

from mlops_ci.lifecycle.session import Session


def evaluation_changes(session: Session) -> tuple[str, ...]:
    """One note if the code of the evaluation differs from the base's."""
    base, evaluation = session.context.base, session.project.evaluation
    if base is None or evaluation is None or evaluation.step is None:
        return ()
    resolver = session.resolver
    step = session.project.step(evaluation.step)
    read = {resolver.snapshot.repository_path(path, declared=step.name) for path in resolver.source_files(step)}
    changed = [path for path in session.checkout.changed_between(base, session.commit.sha) if path in read]
    if not changed:
        return ()
    return (
        f"the evaluation itself changes here: {', '.join(f'`{path}`' for path in changed[:5])}; review it with care",
    )
