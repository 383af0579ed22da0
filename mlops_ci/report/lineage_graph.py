"""The lineage of a version as a Mermaid flowchart, which GitHub draws in Markdown.

The syntax is that of ``flowchart``: https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from mlops_ci.project.paths import contains
from mlops_ci.records.digest import short
from mlops_ci.records.lineage import Lineage
from mlops_ci.records.run import StepRun
from mlops_ci.report.mermaid import quoted


class _Graph:
    """Nodes with labels, in the order in which they come, and arrows between them."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self.lines: list[str] = []

    def node(self, key: str, label: str, shape: tuple[str, str]) -> str:
        """The name of a node, which is made when it is first asked for."""
        if key not in self._names:
            self._names[key] = f"n{len(self._names)}"
            self.lines.append(f"{self._names[key]}{shape[0]}{quoted(label)}{shape[1]}")
        return self._names[key]

    def arrow(self, start: str, end: str, label: str = "") -> None:
        """An arrow from a node to another, once."""
        line = f"{start} -->|{quoted(label)}| {end}" if label else f"{start} --> {end}"
        if line not in self.lines:
            self.lines.append(line)


_BOX, _ROUND, _STORE, _STADIUM = ("[", "]"), ("(", ")"), ("[(", ")]"), ("([", "])")


def render_lineage_graph(found: Lineage) -> str:
    """Commit, data and steps, the version, and what became of it, as a fenced block."""
    graph = _Graph()
    version = graph.node("version", f"{found.model} v{found.version}", _ROUND)
    steps = [step for step in found.steps if step.seed in {None, 0}]
    sha = found.commit or (found.source.sha if found.source else None)
    commit = graph.node("commit", f"commit {sha[:7]}", _STADIUM) if sha else None
    datasets = {
        use.name: graph.node(
            f"data {use.name}",
            f"{use.name} {short(use.digest)}" + (f", {use.rows:,} rows" if use.rows is not None else ""),
            _STORE,
        )
        for use in found.datasets
    }
    nodes = {step.name: graph.node(f"step {step.name}", step.name, _BOX) for step in steps}
    for step in steps:
        _reads(graph, step, steps, nodes, datasets, commit)
    makers = [step for step in steps if {file.digest for file in step.outputs} & {file.digest for file in found.files}]
    for step in makers:
        graph.arrow(nodes[step.name], version)
    if not makers:
        for start in (*([commit] if commit else []), *datasets.values()):
            graph.arrow(start, version)
    _became(graph, found, version)
    return "```mermaid\n" + "\n".join(["flowchart LR", *graph.lines]) + "\n```"


def _reads(
    graph: _Graph,
    step: StepRun,
    steps: list[StepRun],
    nodes: dict[str, str],
    datasets: dict[str, str],
    commit: str | None,
) -> None:
    if step.reads is None:
        return
    made = {file.path: other.name for other in steps if other.name != step.name for file in other.outputs}
    for path in step.reads.files:
        before = {name for output, name in made.items() if path != "." and contains(path, output)}
        for name in sorted(before):
            graph.arrow(nodes[name], nodes[step.name])
        if not before and commit:
            graph.arrow(commit, nodes[step.name])
    for name in step.reads.datasets:
        if name in datasets:
            graph.arrow(datasets[name], nodes[step.name])


def _became(graph: _Graph, found: Lineage, version: str) -> None:
    decided = found.deciding
    if decided:
        verdict = graph.node("verdict", f"gate: {decided.verdict.outcome}", _BOX)
        graph.arrow(version, verdict)
        baseline = decided.verdict.baseline
        if baseline:
            label = f"{baseline.name or 'baseline'} {f'v{baseline.version}' if baseline.version else ''}"
            graph.arrow(graph.node("baseline", label, _ROUND), verdict, "compared with")
    for holding in found.holdings:
        until = f" until {holding.until.time[:10]}" if holding.until else ""
        label = f"{holding.alias} since {holding.since.time[:10]}{until}"
        graph.arrow(version, graph.node(f"alias {holding.since.entry}", label, _STADIUM))
    if found.conversion and found.conversion.forms:
        graph.arrow(version, graph.node("onnx", "ONNX", _BOX))
    images = [graph.node(f"image {image.digest}", f"image {short(image.digest)}", _BOX) for image in found.images]
    for image in images:
        graph.arrow(version, image)
    for name in dict.fromkeys(stage.deployment for stage in found.stages):
        last = [stage.stage for stage in found.stages if stage.deployment == name][-1]
        label = f"{name}: {'serves' if name in found.serving else last}"
        graph.arrow(images[-1] if images else version, graph.node(f"deployment {name}", label, _STADIUM))
    if found.deletion:
        graph.arrow(version, graph.node("deletion", f"deleted {found.deletion.act.time[:10]}", _STADIUM))
