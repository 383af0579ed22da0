"""Where a version comes from and what became of it, on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.digest import short
from mlops_ci.records.lineage import DatasetUse, Holding, Lineage, Software
from mlops_ci.records.run import StepRun
from mlops_ci.report.terminal import note_lines, rendered
from mlops_ci.report.why_words import because, cut, on, who
from mlops_ci.report.wording import event_text, step_line, value_text, visible

_PARAMS = 20
_KINDS = {"interpreter": " found beside the interpreter", "conda": " of conda and pip", "pip": " of pip"}


def render_lineage(found: Lineage, *, width: int, colour: bool) -> str:
    """The lineage as lines of at most ``width`` columns."""
    sections: list[tuple[str, list[str]]] = [
        ("datasets", [_dataset(use) for use in found.datasets]),
        ("params", _params(found.params)),
        ("steps", [line for step in found.steps for line in _step(step)]),
        ("software", [_software(found.software)] if found.software else []),
        ("files", [f"{visible(file.path)}, {file.size:,} bytes, {short(file.digest)}" for file in found.files]),
        ("metrics", [f"{visible(name)} {_number(value)}" for name, value in found.metrics.items()]),
        ("evaluation sets", _sets(found)),
        ("verdicts", [_judged(found, index) for index in range(len(found.judged))]),
        ("aliases", [_holding(found.version, holding) for holding in found.holdings]),
        ("also made by", [f"{link.commit[:7]}, since {on(link.act.time)}" for link in found.links]),
        ("ONNX", _onnx(found)),
        ("images", [visible(image.reference or image.digest) for image in found.images]),
        ("deployments", _stages(found)),
    ]
    parts: list[RenderableType] = [Text(f"{visible(found.model)} v{found.version}", "bold"), "", _origin(found)]
    for title, lines in sections:
        if lines:
            parts += ["", Text(title, "dim"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]
    if found.deletion:
        act = found.deletion.act
        parts += ["", Text(f"deleted on {on(act.time)} by {who(act.actor)}{because(found.deletion.reason)}", "red")]
    if found.notes:
        parts += ["", *note_lines(found.notes)]
    return rendered(parts, width=width, colour=colour)


def _origin(found: Lineage) -> Padding:
    source, actor = found.source, found.registered.actor
    pairs = [
        ("repository", source.repository if source else None),
        ("branch", source.branch if source else None),
        ("commit", _commit(found)),
        ("author", f"{source.author}, {source.time}" if source else None),
        ("test merge", found.merge.sha if found.merge else None),
        ("tree", None if found.dirty is None else "with changes not committed" if found.dirty else "as committed"),
        ("registered", f"{on(found.registered.time)} by {who(actor)}"),
        ("workflow", actor.workflow),
        ("event", event_text(found.event, found.host) if found.event else None),
        ("run", found.run),
        ("job", found.url),
        ("fingerprint", found.fingerprint),
        ("digest", found.digest),
    ]
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    table.add_column("")
    table.add_column("", overflow="fold")
    for name, text in pairs:
        if text:
            table.add_row(Text(name, "dim"), Text(visible(text)))
    return Padding(table, (0, 0, 0, 2))


def _commit(found: Lineage) -> str:
    sha = found.commit or (found.source.sha if found.source else None)
    return f"{sha} {cut(found.source.subject)}" if sha and found.source else sha or "not stated"


def _dataset(use: DatasetUse) -> str:
    rows = f", {use.rows:,} rows" if use.rows is not None else ""
    size = f", {use.size:,} bytes" if use.size is not None else ""
    at = f", {visible(use.path)}" if use.path else ""
    return f"{visible(use.name)}@{short(use.digest)}{at}{rows}{size}"


def _params(params: dict[str, str]) -> list[str]:
    lines = [f"{visible(name)} = {cut(value)}" for name, value in list(params.items())[:_PARAMS]]
    return [*lines, f"and {len(params) - _PARAMS:,} more"] if len(params) > _PARAMS else lines


def _step(step: StepRun) -> list[str]:
    fingerprint = f", fingerprint {short(step.fingerprint)}" if step.fingerprint else ""
    lines = [f"{visible(step.label)}: {step_line(step)}{fingerprint}"]
    if step.reads:
        lines += [f"  reads {visible(path)} {_identity(digest)}" for path, digest in step.reads.files.items()]
        lines += [f"  reads the dataset {visible(name)}" for name in step.reads.datasets]
        if step.reads.params:
            lines.append(f"  reads the params {visible(', '.join(step.reads.params))}")
    return [*lines, *(f"  makes {visible(file.path)} {short(file.digest)}" for file in step.outputs)]


def _identity(digest: str) -> str:
    bare, plus, mark = digest.partition("+")
    return f"{short(bare)}{plus}{mark}"


def _software(software: Software) -> str:
    lock = f"lock {short(software.digest)}"
    if software.packages is None:
        return lock
    kind = _KINDS.get(software.kind or "", "")
    return f"{software.packages:,} packages{kind}, Python {software.python}, {lock}"


def _sets(found: Lineage) -> list[str]:
    sets = {one.set: one.rows for one in found.evaluations if one.set}
    return [f"{short(digest)}{f', {rows:,} rows' if rows else ''}" for digest, rows in sets.items()]


def _judged(found: Lineage, index: int) -> str:
    judged = found.judged[index]
    mark = " (decided)" if judged.act.entry == found.decided else ""
    return f"{on(judged.act.time)}: {judged.verdict.outcome}{mark}. {visible(judged.verdict.summary)}"


def _holding(version: int, holding: Holding) -> str:
    how = "by hand" if holding.by_hand else "on a verdict"
    how = "gone back to" if holding.before and version < holding.before else how
    how = "by an override of the verdict" if holding.override is not None else how
    then = f", then v{holding.after}" if holding.after else ""
    until = f" until {on(holding.until.time)}{then}" if holding.until else ", now"
    since = f"{cut(holding.alias)} since {on(holding.since.time)}{until}"
    return f"{since}; {how}, by {who(holding.since.actor)}{because(holding.reason)}"


def _onnx(found: Lineage) -> list[str]:
    conversion = found.conversion
    if conversion is None:
        return []
    if not conversion.forms:
        return [f"not converted: {visible(conversion.reason or '')}"]
    return [f"{form.precision}, {form.file.size:,} bytes, {short(form.file.digest)}" for form in conversion.forms]


def _stages(found: Lineage) -> list[str]:
    return [
        f"{on(stage.act.time)}: {cut(stage.deployment)} {stage.stage}"
        f"{f' at {cut(stage.url)}' if stage.url else ''}{because(stage.reason)}"
        for stage in found.stages
    ]


def _number(value: float | None) -> str:
    return value_text(value) or "not a number"
