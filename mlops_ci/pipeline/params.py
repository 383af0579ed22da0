"""Parameters: read once, handed to each step reduced to the keys that it declares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops_ci.edge.files import require_inside
from mlops_ci.errors import ConfigurationError, Problem, UsageError
from mlops_ci.project.project import Params
from mlops_ci.project.yaml12 import parse


def load_params(params: Params, folder: Path, top: Path | None = None) -> dict[str, Any]:
    """Return all parameters of a project.

    Args:
        params: where they are.
        folder: the folder of ``mlops.yaml``.
        top: the top of the repository, if the file has to be one of it.

    Raises:
        UsageError: the file is missing, damaged, no mapping, or lies outside the repository.
    """
    if params.path is None:
        return params.values or {}
    file = folder / params.path
    if top:
        require_inside(file, top, called=params.path)
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        raise UsageError(
            "the params file does not exist", where=params.path, hint="create it, or mend params:"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8 text", where=params.path, hint="save the file as UTF-8") from error
    value = parse(text, params.path).value
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationError([Problem(params.path, 1, 1, "a mapping is expected")])
    return value


def select(params: Mapping[str, Any], keys: Iterable[str], *, step: str) -> dict[str, Any]:
    """Reduce parameters to some keys; ``a.b`` goes deeper.

    Raises:
        UsageError: a key is not there.
    """
    chosen: dict[str, Any] = {}
    for key in keys:
        parts = key.split(".")
        source: Any = params
        target = chosen
        for depth, part in enumerate(parts):
            if not isinstance(source, Mapping) or part not in source:
                known = ", ".join(source) if isinstance(source, Mapping) else "none"
                raise UsageError(f"no parameter {key!r}", where=f"step {step}", hint=f"keys there: {known}")
            source = source[part]
            if depth < len(parts) - 1:
                target = target.setdefault(part, {})
            else:
                target[part] = source
    return chosen


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted keys to values as JSON, so that two sets can be compared key by key."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        key = name.replace("\\", "\\\\").replace(".", "\\.")  # {"a.b": 1} is not {"a": {"b": 1}}
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return flat


def write_params(params: Mapping[str, Any], file: Path) -> None:
    """Write parameters in the format that the file's name promises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".json":
        text = json.dumps(params, ensure_ascii=False, indent=2) + "\n"
    else:
        text = yaml.safe_dump(dict(params), allow_unicode=True, sort_keys=False)
    file.write_text(text, "utf-8")
