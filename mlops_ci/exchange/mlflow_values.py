"""What MLflow's records mean, be they from its REST API or from its files."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from mlops_ci.exchange.foreign import Origin

KIND = "mlflow"
COMMIT_TAG = "mlflow.source.git.commit"
_USER_TAG = "mlflow.user"
_PROMPT_TAG = "mlflow.prompt.is_prompt"  # prompts are kept among the models, as text in tags
_NOBODY = "unknown"
_FULL_SHA = re.compile(r"[0-9a-f]{40}")


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Whether a registered model is a prompt, which has no files."""
    return tags.get(_PROMPT_TAG, "").lower() == "true"


def name_filter(name: str) -> str:
    """The search for all versions of a model; the language knows both quotation marks and no escape."""
    quotation = '"' if "'" in name else "'"
    return f"name = {quotation}{name}{quotation}"


def number(value: object) -> float | None:
    """A metric; None for what is no finite number. MLflow's databases keep infinity as the largest float."""
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) < sys.float_info.max else None


def when(milliseconds: object) -> str | None:
    """A time in ISO 8601."""
    try:
        moment = datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def pairs(items: Iterable[Any] | None) -> dict[str, str]:
    """The key and value pairs of a JSON list."""
    return {str(item["key"]): str(item.get("value", "")) for item in items or ()}


def identity(model: Mapping[str, Any], version: Mapping[str, Any]) -> tuple[str, ...]:
    """What MLflow itself calls a version, which stays when a server moves or a folder is copied."""
    return (
        str(model["name"]),
        str(model.get("creation_timestamp") or ""),
        str(version["version"]),
        str(version.get("creation_timestamp") or ""),
        str(version.get("run_id") or ""),
    )


def own_words(version: Mapping[str, Any]) -> dict[str, str]:
    """What MLflow says of a version in fields of its own."""
    stage = version.get("current_stage")
    words = {
        f"{KIND}.user": version.get("user_id"),
        f"{KIND}.stage": None if stage in {None, "None"} else stage,
        f"{KIND}.model-id": version.get("model_id"),
    }
    return {key: str(value) for key, value in words.items() if value}


def origin(
    tags: Mapping[str, str], metrics: Mapping[str, float | None], params: Mapping[str, str], user: str | None
) -> Origin:
    """Where a version comes from, as its run tells it."""
    commit = tags.get(COMMIT_TAG, "")
    user = None if user == _NOBODY else user
    return Origin(
        commit=commit if _FULL_SHA.fullmatch(commit) else None,
        author=tags.get(_USER_TAG) or user or None,
        metrics=dict(metrics),
        params=dict(params),
    )
