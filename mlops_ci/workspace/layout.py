"""Where everything lies in a workspace. The only place that knows the keys; pure."""

from __future__ import annotations

import re

from mlops_ci.records.digest import hexadecimal

FORMAT_KEY = "workspace.json"
PULL_REQUESTS = "pull-requests/"
MODELS = "models/"
_DIGITS = 20
_LOG_NAME = re.compile(rf"[0-9]{{{_DIGITS}}}\.json")


def model_prefix(model: str) -> str:
    """All that belongs to a model."""
    return f"{MODELS}{model}/"


def log_prefix(model: str) -> str:
    """The entries of a model's log."""
    return f"{model_prefix(model)}log/"


def log_key(model: str, seq: int) -> str:
    """The entry at ``seq``, counted from 1."""
    return f"{log_prefix(model)}{seq:0{_DIGITS}d}.json"


def log_sequence(key: str) -> int | None:
    """The number of a log entry's key; None for anything else."""
    name = key.rpartition("/")[2]
    return int(name.removesuffix(".json")) if _LOG_NAME.fullmatch(name) else None


def objects_prefix(model: str) -> str:
    """The objects of all uploads of a model."""
    return f"{model_prefix(model)}objects/"


def model_file_key(model: str, attempt: str, path: str) -> str:
    """A file of a model version."""
    return f"{objects_prefix(model)}{attempt}/files/{path}"


def predictions_key(model: str, attempt: str, path: str) -> str:
    """The predictions of a model version on an evaluation set."""
    return f"{objects_prefix(model)}{attempt}/evaluation/{path}"


def runs_prefix(area: str = "") -> str:
    """The runs; ``area`` is empty or ``PULL_REQUESTS``."""
    return f"{area}runs/"


def run_key(run: str, area: str = "") -> str:
    """The record of a run."""
    return f"{runs_prefix(area)}{run}/run.json"


def report_key(run: str, area: str = "") -> str:
    """The report of a run."""
    return f"{runs_prefix(area)}{run}/report.json"


def run_file_key(run: str, path: str, area: str = "") -> str:
    """A result file kept with a run."""
    return f"{runs_prefix(area)}{run}/files/{path}"


def cache_result_key(fingerprint: str, area: str = "") -> str:
    """What the cache remembers of a step with this fingerprint."""
    return f"{area}cache/steps/{hexadecimal(fingerprint)}.json"


def cache_object_key(digest: str, area: str = "") -> str:
    """A step's output, by content."""
    return f"{area}cache/objects/{hexadecimal(digest)}"


def cache_lock_key(digest: str, area: str = "") -> str:
    """The environment lock resolved for requirements with this digest."""
    return f"{area}cache/locks/{hexadecimal(digest)}.json"


def last_result_key(model: str, step: str, area: str = "") -> str:
    """The hint by which ``plan`` tells why a step runs again."""
    return f"{area}cache/last/{model}/{step}.json"
