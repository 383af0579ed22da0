"""Writes a version into an MLflow server, so that ``models:/name@alias`` there means the same files as here.

In this order: run, files, model version, alias. Each step first looks whether it is done: a mirror that was cut off
goes on where it was, in the same run, and makes no second version.
"""

from __future__ import annotations

import math
import posixpath
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import ConflictError, RemoteError, UsageError
from mlops_ci.exchange.mlflow_api import MlflowApi
from mlops_ci.exchange.mlflow_values import COMMIT_TAG, name_filter, pairs
from mlops_ci.records.model_version import ModelVersion

DIGEST_TAG = "mlops-ci.digest"
VERSION_TAG = "mlops-ci.version"
_MODEL_TAG = "mlops-ci.model"
_COMMIT_TAG = "mlops-ci.commit"
_FOLDER = "model"  # of a run's artifacts
_PATIENCE = 300.0
_ALIAS = re.compile(r"[A-Za-z0-9_-]+")
_METRIC = re.compile(r"[\w.\- :/]{1,250}")
_LONGEST_PARAM = 6000
_BATCH = 100


class MlflowMirror:
    """An MLflow server to write to."""

    def __init__(self, api: MlflowApi, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._api = api
        self._sleep = sleep

    def require_possible(self, version: ModelVersion, alias: str) -> None:
        """Refuse what MLflow cannot keep, before anything is written.

        Raises:
            UsageError: the alias, or a file, has a name that MLflow changes or refuses.
        """
        if not _ALIAS.fullmatch(alias) or alias == "latest":
            hint = "it takes letters, digits, '_' and '-', and keeps 'latest' for itself"
            raise UsageError(f"MLflow takes no alias called {alias!r}", hint=hint)
        for file in version.files:
            if set(file.path) & set("%#?\\"):
                what = f"MLflow cannot keep a file called {file.path!r}"
                raise UsageError(what, where=f"{version.model} v{version.version}", hint="register it by another name")

    def find(self, name: str, version: ModelVersion) -> str | None:
        """The number of the MLflow version that is a mirror of this one."""
        for found in self._api.pages("model-versions/search", "model_versions", filter=name_filter(name)):
            tags = pairs(found.get("tags"))
            if (
                tags.get(DIGEST_TAG) == version.digest
                and tags.get(VERSION_TAG) == str(version.version)
                and found.get("status") != "FAILED_REGISTRATION"
            ):
                return str(found["version"])
        return None

    def create(self, name: str, version: ModelVersion, folder: Path) -> str:
        """Make the version from the files in a folder, and return its number there.

        Raises:
            RemoteError: the server keeps no artifacts, or the version did not become ready.
            OutcomeUnknownError: a reply got lost; another call goes on from there.
        """
        if self._api.find("registered-models/get", name=name) is None:
            self._create_model(name)
        run, root = self._run(self._experiment(name), version)
        place = f"{root}/{_FOLDER}"
        for file in version.files:
            self._api.upload_artifact(f"{self._path(place)}/{file.path}", folder / file.path)
        self._log(run, version)
        self._api.post("runs/update", {"run_id": run, "status": "FINISHED"}, idempotent=True)
        made = self._api.post(
            "model-versions/create",
            {"name": name, "source": place, "run_id": run, "tags": _items(_tags(version))},
            idempotent=False,
        )
        return str(made["model_version"]["version"])

    def wait(self, name: str, number: str) -> None:
        """Wait until a version is ready.

        Raises:
            RemoteError: it never is.
        """
        waited, pause, status = 0.0, 0.2, ""
        while waited <= _PATIENCE:
            found = self._api.get("model-versions/get", name=name, version=number)["model_version"]
            status = str(found.get("status", "READY"))
            if status == "READY":
                return
            if status == "FAILED_REGISTRATION":
                break
            self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, 5.0)
        raise RemoteError(f"version {number} of {name} did not become ready: {status}", where=self._api.http.base)

    def point(self, name: str, alias: str, number: str) -> bool:
        """Let an alias name a version; False if it does already."""
        model = self._api.get("registered-models/get", name=name)["registered_model"]
        if any(item["alias"] == alias and str(item["version"]) == number for item in model.get("aliases") or ()):
            return False
        body = {"name": name, "alias": alias, "version": number}
        self._api.post("registered-models/alias", body, idempotent=True)
        return True

    def _create_model(self, name: str) -> None:
        try:
            self._api.post("registered-models/create", {"name": name}, idempotent=True)
        except ResponseError as error:  # somebody else did, or our own first try whose reply got lost
            if error.document.get("error_code") != "RESOURCE_ALREADY_EXISTS":
                raise

    def _experiment(self, name: str) -> str:
        title = f"mlops-ci/{name}"
        found = self._api.find("experiments/get-by-name", experiment_name=title)
        if found is None:
            try:
                return str(self._api.post("experiments/create", {"name": title}, idempotent=True)["experiment_id"])
            except ResponseError as error:
                if error.document.get("error_code") != "RESOURCE_ALREADY_EXISTS":
                    raise
            found = self._api.get("experiments/get-by-name", experiment_name=title)
        experiment = found["experiment"]
        if experiment.get("lifecycle_stage", "active") != "active":
            hint = "restore it, or delete it for good, in MLflow"
            raise ConflictError(f"the experiment {title} has been deleted", where=self._api.http.base, hint=hint)
        return str(experiment["experiment_id"])

    def _run(self, experiment: str, version: ModelVersion) -> tuple[str, str]:
        """The run of this version and where its artifacts go: one that was begun before, or a new one."""
        tags = _tags(version)
        wanted = f"tags.`{DIGEST_TAG}` = '{version.digest}' and tags.`{VERSION_TAG}` = '{version.version}'"
        search = {"experiment_ids": [experiment], "filter": wanted, "max_results": 1}
        begun = self._api.post("runs/search", search, idempotent=True).get("runs")
        if begun:
            info = begun[0]["info"]
        else:
            tags["mlflow.runName"] = f"{version.model} v{version.version}"
            if version.commit:
                tags[COMMIT_TAG] = version.commit
            body = {"experiment_id": experiment, "start_time": _now(), "tags": _items(tags)}
            info = self._api.post("runs/create", body, idempotent=False)["run"]["info"]
        root = str(info["artifact_uri"])
        self._path(root)
        return str(info["run_id"]), root

    def _path(self, uri: str) -> str:
        path = self._api.artifact_path(uri)
        if path is None:
            scheme = uri.partition(":")[0] if ":" in uri else "file"
            raise RemoteError(
                f"the server does not take artifacts: it leaves them to clients, at {scheme}:",
                where=self._api.http.base,
                hint="start it with --serve-artifacts and --artifacts-destination, for new experiments",
            )
        return path

    def _log(self, run: str, version: ModelVersion) -> None:
        metrics = [
            {"key": key, "value": value, "timestamp": _now(), "step": 0}
            for key, value in version.metrics.items()
            if value is not None and math.isfinite(value) and _loggable(key)
        ]
        params = [
            {"key": key, "value": str(value)}
            for key, value in version.params.items()
            if _loggable(key) and len(str(value)) <= _LONGEST_PARAM
        ]
        for body in [{"metrics": part} for part in _parts(metrics)] + [{"params": part} for part in _parts(params)]:
            self._api.post("runs/log-batch", {"run_id": run, **body}, idempotent=True)


def _tags(version: ModelVersion) -> dict[str, str]:
    return {
        _MODEL_TAG: version.model,
        VERSION_TAG: str(version.version),
        DIGEST_TAG: version.digest,
        **({_COMMIT_TAG: version.commit} if version.commit else {}),
    }


def _items(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _loggable(key: str) -> bool:
    """Whether MLflow takes the name of a metric or parameter, which becomes a path in its file stores."""
    return bool(_METRIC.fullmatch(key)) and posixpath.normpath(key) == key and not key.startswith((".", "/"))


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _now() -> int:
    return int(time.time() * 1000)
