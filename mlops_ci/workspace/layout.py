"""Where everything lies in a workspace. Beside ``dataset_layout`` the only place that knows the keys; pure."""

from __future__ import annotations

import re

from mlops_ci.records.digest import PREFIX, hexadecimal

FORMAT_KEY = "workspace.json"
FILES_KEY = "files.json"
PULL_REQUESTS = "pull-requests/"
MODELS = "models/"
STATIC = "static/"
EVENTS = "events/"
COLLECTED = "collected/"
DATASETS = "datasets/"
TOP_LEVEL = frozenset(
    {
        FORMAT_KEY,
        FILES_KEY,
        "models",
        "runs",
        "cache",
        "pull-requests",
        "events",
        "static",
        "probes",
        "collected",
        "datasets",
    }
)
DIGITS = 20
_HINT = re.compile(r"models/[^/]+/_last\.json")
_OBJECT = re.compile(r"models/[^/]+/objects/")
_BULK = re.compile(
    r"(models/[^/]+/objects/|collected/[^/]+/(segments|days|damaged)/|(pull-requests/)?(cache/|runs/[^/]+/files/))"
)
_LOG_NAME = re.compile(rf"[0-9]{{{DIGITS}}}\.json")
_EVENT = re.compile(rf"events/[^/]+/([^/]+)/(?:([0-9]{{{DIGITS}}})\..*|start\.json|cursor\.json)")
_CHECKPOINT_NAME = re.compile(rf"([0-9]{{{DIGITS}}})-([0-9]{{{DIGITS}}})\.([0-9a-f]{{64}})")


def is_bulk(key: str) -> bool:
    """Whether an object may be large: files of models and of runs, collected requests, and the cache."""
    return bool(_BULK.match(key))


def is_of_version(key: str) -> bool:
    """Whether an object is a file of a model's version, or of an upload that meant to be one."""
    return bool(_OBJECT.match(key))


def is_rebuilt(key: str) -> bool:
    """Whether an object says only what follows from others."""
    return key.startswith((STATIC, "probes/")) or bool(_HINT.fullmatch(key))


def model_of(key: str) -> str | None:
    """The model that an object belongs to."""
    return key.split("/")[1] if key.startswith(MODELS) else None


def model_prefix(model: str) -> str:
    """All that belongs to a model."""
    return f"{MODELS}{model}/"


def log_prefix(model: str) -> str:
    """The entries of a model's log."""
    return f"{model_prefix(model)}log/"


def log_key(model: str, seq: int) -> str:
    """The entry at ``seq``, counted from 1."""
    return f"{log_prefix(model)}{seq:0{DIGITS}d}.json"


def log_sequence(key: str) -> int | None:
    """The number of a log entry's key; None for anything else."""
    name = key.rpartition("/")[2]
    return int(name.removesuffix(".json")) if _LOG_NAME.fullmatch(name) else None


def hint_key(model: str) -> str:
    """The hint about the newest state of a model's log."""
    return f"{model_prefix(model)}_last.json"


def checkpoints_prefix(model: str) -> str:
    """The checkpoints of a model's log."""
    return f"{model_prefix(model)}checkpoints/"


def checkpoint_key(model: str, first: int, last: int, digest: str) -> str:
    """The entries ``first`` to ``last`` of a log in one object with this digest."""
    return f"{checkpoints_prefix(model)}{first:0{DIGITS}d}-{last:0{DIGITS}d}.{hexadecimal(digest)}"


def checkpoint_parts(key: str) -> tuple[int, int, str] | None:
    """First entry, last entry and digest of a checkpoint's key; None for anything else."""
    match = _CHECKPOINT_NAME.fullmatch(key.rpartition("/")[2])
    return (int(match[1]), int(match[2]), PREFIX + match[3]) if match else None


def model_listing_key() -> str:
    """The list of all models, for plain HTTP readers."""
    return f"{STATIC}models.json"


def version_listing_key(model: str) -> str:
    """The list of a model's versions, for plain HTTP readers."""
    return f"{STATIC}models/{model}.json"


def events_prefix(sink: str, model: str) -> str:
    """What is known of the delivery of a model's log to a sink."""
    return f"{EVENTS}{sink}/{model}/"


def event_parts(key: str) -> tuple[str, int | None] | None:
    """The model that a record of deliveries is about, and the entry (None: several); None for anything else."""
    match = _EVENT.fullmatch(key)
    return (match[1], int(match[2]) if match[2] else None) if match else None


def event_start_key(sink: str, model: str) -> str:
    """From where on a sink wants to hear of a model."""
    return f"{events_prefix(sink, model)}start.json"


def event_cursor_key(sink: str, model: str) -> str:
    """The hint that all entries up to one are settled."""
    return f"{events_prefix(sink, model)}cursor.json"


def is_event_cursor(key: str) -> bool:
    """Whether an object is such a hint."""
    return event_parts(key) is not None and key.endswith("/cursor.json")


def event_claim_key(sink: str, model: str, seq: int, attempt: int) -> str:
    """The claim of one try to deliver an entry."""
    return f"{events_prefix(sink, model)}{seq:0{DIGITS}d}.claim-{attempt:04d}.json"


def event_failure_key(sink: str, model: str, seq: int, attempt: int) -> str:
    """The proof that a try to deliver an entry is over, and failed."""
    return f"{events_prefix(sink, model)}{seq:0{DIGITS}d}.failed-{attempt:04d}.json"


def event_marker_key(sink: str, model: str, seq: int) -> str:
    """The proof that an entry was delivered, or settled otherwise."""
    return f"{events_prefix(sink, model)}{seq:0{DIGITS}d}.done.json"


def probe_key(name: str) -> str:
    """A key for trying out what a storage can do."""
    return f"probes/{name}"


def attempt_of(model: str, key: str) -> str:
    """The upload that an object of a model belongs to."""
    return key.removeprefix(objects_prefix(model)).partition("/")[0]


def objects_prefix(model: str) -> str:
    """The objects of all uploads of a model."""
    return f"{model_prefix(model)}objects/"


def upload_prefix(model: str, attempt: str) -> str:
    """The objects of one upload of a model."""
    return f"{objects_prefix(model)}{attempt}/"


def file_path(path: str) -> str:
    """Where a file of a model version is below its upload."""
    return f"files/{path}"


def predictions_path(path: str) -> str:
    """Where predictions are below their upload."""
    return f"evaluation/{path}"


def conversion_path(path: str) -> str:
    """Where an ONNX form of a version is below its upload."""
    return f"onnx/{path}"


SAMPLES_PATH = "samples.json"
EXPLANATION_PATH = "explanation.json"
CARD_PATH = "card.md"


def samples_key(model: str, attempt: str) -> str:
    """The samples of a model version."""
    return upload_prefix(model, attempt) + SAMPLES_PATH


def conversion_key(model: str, attempt: str, path: str) -> str:
    """An ONNX form of a model version."""
    return upload_prefix(model, attempt) + conversion_path(path)


def model_file_key(model: str, attempt: str, path: str) -> str:
    """A file of a model version."""
    return upload_prefix(model, attempt) + file_path(path)


def predictions_key(model: str, attempt: str, path: str) -> str:
    """The predictions of a model version on an evaluation set."""
    return upload_prefix(model, attempt) + predictions_path(path)


def runs_prefix(area: str = "") -> str:
    """The runs; ``area`` is empty or ``PULL_REQUESTS``."""
    return f"{area}runs/"


def run_of(key: str, area: str = "") -> str:
    """The run that an object of an area's runs belongs to."""
    return key.removeprefix(runs_prefix(area)).partition("/")[0]


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


def cache_results_prefix(area: str = "") -> str:
    """What the cache remembers of steps."""
    return f"{area}cache/steps/"


def cache_objects_prefix(area: str = "") -> str:
    """The outputs that the cache has."""
    return f"{area}cache/objects/"


def cached_name(key: str) -> str:
    """The fingerprint or digest that an object of the cache is kept under."""
    return PREFIX + key.rpartition("/")[2].removesuffix(".json")


def cache_lock_key(digest: str, area: str = "") -> str:
    """The environment lock resolved for requirements with this digest."""
    return f"{area}cache/locks/{hexadecimal(digest)}.json"


def cache_base_key(name: str) -> str:
    """Which image a name means that others stand on; ``name`` is the digest of the name."""
    return f"cache/bases/{hexadecimal(name)}.json"


def last_result_key(model: str, step: str, seed: int | None = None, area: str = "") -> str:
    """The hint by which ``plan`` tells why a step runs again; that of the first seed is the step's own."""
    return f"{area}cache/last/{model}/{step}{f'/{seed}' if seed else ''}.json"
