"""What followed of a version: where it served, which commits make it too, its end."""

from __future__ import annotations

from mlops_ci.records.lineage import Lineage, StageReached
from mlops_ci.report.why_words import because, cut, on, who


def aftermath(found: Lineage) -> list[str]:
    """Links, deployments, deletion."""
    sentences = []
    if len(found.links) == 1:
        sentences.append(f"Commit {found.links[0].commit[:7]} makes the very same model.")
    elif found.links:
        sentences.append(f"{len(found.links)} further commits make the very same model.")
    stages: dict[str, list[StageReached]] = {}
    for stage in found.stages:
        stages.setdefault(stage.deployment, []).append(stage)
    sentences += [_deployment(name, reached, serves=name in found.serving) for name, reached in stages.items()]
    if found.deletion:
        act = found.deletion.act
        deleted = f"It was deleted on {on(act.time)} by {who(act.actor)}{because(found.deletion.reason)}"
        sentences.append(f"{deleted}; its number is not used again.")
    return sentences


def _deployment(name: str, reached: list[StageReached], *, serves: bool) -> str:
    served = [stage for stage in reached if stage.stage == "serving"]
    last = reached[-1]
    if served and serves:
        at = f" at {cut(served[-1].url)}" if served[-1].url else ""
        health = ", though it is not healthy" if last.stage == "unhealthy" else ""
        return f"It serves as {cut(name)}{at} since {on(served[-1].act.time)}{health}."
    if served:
        return f"It served as {cut(name)} from {on(served[-1].act.time)}, and does so no longer."
    if last.stage == "failed":
        return f"Its deployment as {cut(name)} failed on {on(last.act.time)}{because(last.reason)}."
    return f"Its deployment as {cut(name)} was begun on {on(reached[0].act.time)}, and it never served there."
