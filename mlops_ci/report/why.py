"""Why a version is what it is: one paragraph of plain sentences, for an auditor."""

from __future__ import annotations

from mlops_ci.records.digest import short
from mlops_ci.records.lineage import DatasetUse, Lineage, Software
from mlops_ci.report.why_after import aftermath
from mlops_ci.report.why_decided import judgement, promotions
from mlops_ci.report.why_words import cut, on, who
from mlops_ci.report.wording import listed, visible

_REGISTRIES = {"mlflow": "MLflow", "gto": "GTO"}
_STARTED = {"schedule": "Its job was started by a schedule.", "dispatch": "Its job was started by hand."}


def why_text(found: Lineage) -> str:
    """Who made a version, when, of what; how it was judged, what was decided, and what followed."""
    notes = [f"Note that {visible(note)}." for note in found.notes]
    sentences = [*_origin(found), *_material(found), *judgement(found), *promotions(found), *aftermath(found), *notes]
    return " ".join(sentences)


def _origin(found: Lineage) -> list[str]:
    name = f"{visible(found.model)} v{found.version}"
    sentences = [f"{name} was registered on {on(found.registered.time)} by {who(found.registered.actor)}."]
    if found.imported:
        there = found.tags.get(f"{found.imported}.version", "")
        registry = _REGISTRIES.get(found.imported, found.imported)
        sentences.append(f"Its tags say that it was brought from {registry}, where it was version {cut(there)}.")
    elif found.run is None:
        sentences.append("It was trained elsewhere: no run of it is on record.")
    sentences.append(_commit(found))
    if found.event in _STARTED:
        sentences.append(_STARTED[found.event])
    return sentences


def _commit(found: Lineage) -> str:
    source = found.source
    if source is None:
        if found.commit is None:
            return "Which commit it comes from was not stated."
        return f"Its commit is stated to be {found.commit[:7]}, of which nothing more is known."
    author = visible(source.author.partition(" <")[0])
    branch = f" on {cut(source.branch)}" if source.branch else ""
    repository = f" in {cut(source.repository)}" if source.repository else ""
    subject = f"“{cut(source.subject)}” " if source.subject else ""
    return f"It comes from commit {source.short}, {subject}by {author}, {cut(source.time[:10])}{branch}{repository}."


def _material(found: Lineage) -> list[str]:
    parts = []
    if found.datasets:
        word = "dataset" if len(found.datasets) == 1 else "datasets"
        parts.append(f"the {word} {listed([_dataset(use) for use in found.datasets])}")
    if found.params:
        parts.append("1 parameter" if len(found.params) == 1 else f"{len(found.params):,} parameters")
    if found.software:
        parts.append(_software(found.software))
    if not parts:
        return ["What it was made with is not on record."]
    unknown = "Its project names no datasets." if found.run else "No datasets are on record."
    read = [f"Its data was read on {on(found.data_time)}."] if found.datasets and found.data_time else []
    return [f"It was made with {listed(parts)}.", *([] if found.datasets else [unknown]), *read]


def _dataset(use: DatasetUse) -> str:
    rows = f"{use.rows:,} rows, " if use.rows is not None else ""
    return f"{cut(use.name)} ({rows}{short(use.digest)})"


def _software(software: Software) -> str:
    lock = f"lock {short(software.digest)}"
    if software.packages is None:
        return f"the software of {lock}"
    return f"{software.packages:,} packages under Python {software.python} ({lock})"
