"""A version's model card as Markdown.

The order is that of Mitchell et al., Model Cards for Model Reporting, FAT* 2019: details, intended use, data,
evaluation, limits. All foreign text is escaped but the user's own, which is Markdown and stands as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlops_ci.records.digest import short
from mlops_ci.report.card_data import data_section, evaluation_section, limits
from mlops_ci.report.card_facts import CardFacts
from mlops_ci.report.card_front import front_matter, licence_of, split_front
from mlops_ci.report.markdown import code, escape
from mlops_ci.report.tables import code_cell, facts_table, table
from mlops_ci.report.wording import change_text, duration, value_text

_UNSAID = "Nobody has said what this model is for; `model.purpose` and `model.card` in `mlops.yaml` do."
_UNLIMITED = "None are on record: what the model must not be used for is for its people to say."
_SHOWN_COLUMNS = 20
_SHOWN_PARTS = 6


def render_card(facts: CardFacts) -> str:
    """The card with its YAML, as model hubs read it."""
    own, text = split_front(facts.text or "")
    return f"{front_matter(facts, own)}\n{card_body(facts, own, text)}"


def card_body(facts: CardFacts, own: Mapping[str, Any], text: str) -> str:
    """The card without its YAML; ``own`` and ``text`` are the user's YAML and the rest of what they say."""
    parts = [
        f"# {escape(title(facts))}",
        _status(facts),
        _section("Model details", _details(facts, licence_of(facts, own))),
        _section("Intended use", _use(facts, text)),
        _section("Training data", data_section(facts)),
        _section("Evaluation", evaluation_section(facts)),
        _section("Limits", _bullets(limits(facts)) or _UNLIMITED),
        _section("What it goes by", _explained(facts)),
        _section("Training", _training(facts)),
        _section("Lineage", _lineage(facts)),
        _section("How to get it", _how_to(facts)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(facts: CardFacts) -> str:
    """Such as ``flight-delay v12``."""
    return f"{facts.version.model} v{facts.version.version}"


def _section(name: str, body: str) -> str:
    return f"## {name}\n\n{body}" if body else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _status(facts: CardFacts) -> str:
    aliases, verdict = facts.version.aliases, facts.verdict
    judged = {"pass": "passed by the gate", "fail": "refused by the gate", "inconclusive": "not decided by the gate"}
    said = judged[verdict.outcome] if verdict else "judged by no gate"
    return f"**{escape(', '.join(aliases) or 'no alias')}**, {said}."


def _details(facts: CardFacts, licence: str) -> str:
    version = facts.version
    form = version.conversion.form() if version.conversion else None
    rows = [
        ("Registered", escape(f"{_moment(version.created)}{f' by {facts.actor.name}' if facts.actor else ''}")),
        ("Repository", escape(version.source.repository or "") if version.source else ""),
        ("Files", ", ".join(f"{code_cell(file.path)} ({file.size:,} bytes)" for file in version.files)),
        ("Digest", code(version.digest)),
        ("Licence", escape(licence)),
        ("Tags", ", ".join(code_cell(f"{name}={value}") for name, value in version.tags.items())),
        ("Also as", f"ONNX, {form.precision}, {form.file.size:,} bytes" if form else ""),
        ("Image", code(version.images[-1].reference or version.images[-1].digest) if version.images else ""),
    ]
    parts = [facts_table(rows)]
    if version.signature and version.signature.inputs:
        listed = [f"{code(column.name)} {escape(column.type)}" for column in version.signature.inputs[:_SHOWN_COLUMNS]]
        rest = len(version.signature.inputs) - len(listed)
        more = f" and {rest:,} more" if rest > 0 else ""
        count = len(version.signature.inputs)
        parts.append(f"It eats {f'{count:,} columns' if count > 1 else 'one column'}: {', '.join(listed)}{more}.")
    return "\n\n".join(parts)


def _use(facts: CardFacts, text: str) -> str:
    purpose = facts.version.card.purpose if facts.version.card else None
    parts = [escape(purpose) if purpose else "", text.strip("\n")]
    return "\n\n".join(part for part in parts if part) or _UNSAID


def _explained(facts: CardFacts) -> str:
    found = facts.explanation
    if found is None or not found.importances:
        return ""
    shown = found.importances[:_SHOWN_COLUMNS]
    rows = [(code_cell(each.column), value_text(each.mean), value_text(each.deviation)) for each in shown]
    rest = len(found.importances) - len(shown)
    parts = [
        f"How much {code(found.metric)} is lost when a column is shuffled: mean and standard deviation of "
        f"{found.repeats:,} shuffles on {found.rows:,} rows. Columns that carry the same information share it, and "
        "each looks less important than it is.",
        table(("Column", "Lost", "±"), rows, right=(1, 2)) + (f"\n\nAnd {rest:,} more." if rest else ""),
    ]
    if found.explained:
        told = []
        for row in found.explained:
            largest = list(row.contributions.items())[:_SHOWN_PARTS]
            listed = ", ".join(f"{code(name)} {change_text(part)}" for name, part in largest)
            about = f" for {escape(row.label)}" if row.label is not None else ""
            truth = f", in truth {escape(str(row.target))}" if row.target is not None else ""
            told.append(
                f"Row {code(row.row)} ({row.chosen or 'chosen'}{truth}): {value_text(row.answer)}{about} = "
                f"{value_text(row.base)} on average, {listed}"
            )
        units = {"log odds": "log odds", "probability": "probability", "prediction": "units of the prediction"}
        unit = units.get(found.unit or "", "units of the model's own score")
        parts.append(f"What columns add to a few answers, in {unit}, by {escape(found.attribution or '')}:")
        parts.append(_bullets(told))
    elif found.reason:
        parts.append(f"No single answer is explained: {escape(found.reason)}.")
    return "\n\n".join(parts)


def _training(facts: CardFacts) -> str:
    run, version = facts.run, facts.version
    params = [code_cell(f"{name}: {value}") for name, value in facts.params.items()]
    rest = len(params) - _SHOWN_COLUMNS
    rows = [("Parameters", ", ".join(params[:_SHOWN_COLUMNS]) + (f" and {rest:,} more" if rest > 0 else ""))]
    if run:
        lock = run.environment
        rows += [
            ("Python", escape(f"{lock.python}, {lock.platform}")),
            ("Environment", f"{escape(lock.kind)}, {code(lock.digest)}"),
            ("Steps", ", ".join(f"{code_cell(step.label)} {duration(step.seconds)}" for step in run.steps)),
            ("By", escape(run.tool)),
        ]
    elif version.environment:
        rows.append(("Environment", code(version.environment)))
    return facts_table(rows)


def _lineage(facts: CardFacts) -> str:
    version = facts.version
    source = version.source
    commit = (
        f"{code(version.commit)}{f' {escape(source.subject)}' if source else ''}" if version.commit else "not stated"
    )
    verdict = facts.verdict
    before = verdict.baseline if verdict else None
    compared = f"v{before.version}" if before and before.version else escape(before.name or "") if before else ""
    rows = [
        ("Commit", commit),
        ("Author", escape(source.author.partition("<")[0]) if source else ""),
        ("Also made by", ", ".join(code(short(link) if ":" in link else link[:12]) for link in version.links)),
        ("Run", code(version.run or "")),
        ("Compared with", compared),
        ("Judged by rules", code(f"sha256:{short(verdict.rules_digest)}") if verdict else ""),
    ]
    return facts_table(rows)


def _how_to(facts: CardFacts) -> str:
    reference = f"{facts.version.model}@v{facts.version.version}"
    return (
        f"```sh\nmlops-ci models download {reference} models/\n```\n\nEvery byte is compared with what was registered."
    )


def _moment(text: str) -> str:
    return text[:16].replace("T", " ") + " UTC"
