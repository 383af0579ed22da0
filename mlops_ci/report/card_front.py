"""The YAML that stands before a model card, in the form that model hubs read: tags, a licence, results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from mlops_ci.report.card_facts import CardFacts
from mlops_ci.report.wording import visible

_FENCE = "---"
_KINDS = (
    ("tabular-regression", frozenset({"rmse", "mae", "r2", "mape"})),
    ("tabular-classification", frozenset({"accuracy", "log_loss", "brier", "balanced_accuracy"})),
)
_LONGEST = 500
_MOST = 100


def split_front(text: str) -> tuple[dict[str, Any], str]:
    """The keys that a text of the user's begins with, as far as they are plain, and the rest of it."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE or _FENCE not in (rest := [line.rstrip() for line in lines[1:]]):
        return {}, text
    end = rest.index(_FENCE) + 1
    try:
        found = yaml.safe_load("\n".join(lines[1:end]))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    if not isinstance(found, dict):
        return {}, text
    return {str(key): value for key, value in found.items() if _is_plain(value)}, "\n".join(lines[end + 1 :])


def front_matter(facts: CardFacts, own: dict[str, Any]) -> str:
    """The YAML between its fences; what the user has written there stands, but for the results."""
    version = facts.version
    front: dict[str, Any] = {key: value for key, value in own.items() if key != "model-index"}
    if licence := licence_of(facts, own):
        front["license"] = visible(licence)
    tags = [f"{visible(name)}:{visible(value)}" for name, value in version.tags.items()]
    known = front.get("tags") if isinstance(front.get("tags"), list) else []
    front["tags"] = list(dict.fromkeys([*(known or []), "mlops-ci", *tags]))
    if results := _results(facts):
        front["model-index"] = [{"name": version.model, "results": results}]
    text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    return f"{_FENCE}\n{text}{_FENCE}\n"


def licence_of(facts: CardFacts, own: Mapping[str, Any]) -> str:
    """The licence that the user's text or a tag of the version names; empty without one."""
    said = own.get("license") or facts.version.tags.get("license") or facts.version.tags.get("licence")
    return said if isinstance(said, str) else ""


def _results(facts: CardFacts) -> list[dict[str, Any]]:
    version = facts.version
    metrics = {name: value for name, value in version.metrics.items() if value is not None}
    kind = next((kind for kind, names in _KINDS if names & metrics.keys()), None)
    if kind is None:
        return []
    evaluated = version.evaluations[-1].set if version.evaluations else None
    data: dict[str, Any] = {"type": "evaluation-set", "name": f"evaluation set of {version.model}"}
    if evaluated:
        data["revision"] = evaluated
    told = [{"type": visible(name), "value": value, "name": visible(name)} for name, value in metrics.items()]
    return [{"task": {"type": kind}, "dataset": data, "metrics": told}]


def _is_plain(value: Any) -> bool:
    """Whether a value is text, a number, or a short list of these."""
    if isinstance(value, list):
        return len(value) <= _MOST and all(not isinstance(each, list) and _is_plain(each) for each in value)
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST)
