"""Reads the models of an MLflow server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_ci.edge.http_address import is_loopback
from mlops_ci.exchange.files import copy_from_store, copy_local
from mlops_ci.exchange.foreign import ForeignModel, ForeignVersion, GoneError, Origin
from mlops_ci.exchange.mlflow_api import MlflowApi
from mlops_ci.exchange.mlflow_values import (
    KIND,
    identity,
    is_prompt,
    name_filter,
    number,
    origin,
    own_words,
    pairs,
    when,
)

_MOST_STEPS = 8  # from a version to its files: a copy of a version of a logged model of a run …


class MlflowServer:
    """The registry of an MLflow server."""

    kind = KIND

    def __init__(self, api: MlflowApi) -> None:
        self._api = api

    @property
    def where(self) -> str:
        """Its address."""
        return self._api.http.base

    def names(self) -> Iterator[str]:
        """The names of its models, sorted."""
        models = self._api.pages("registered-models/search", "registered_models")
        yield from sorted(str(model["name"]) for model in models if not is_prompt(pairs(model.get("tags"))))

    def read(self, name: str) -> ForeignModel | None:
        """A model; None where there is none of that name."""
        found = self._api.find("registered-models/get", name=name)
        if found is None:
            return None
        model = found["registered_model"]
        versions = list(self._api.pages("model-versions/search", "model_versions", filter=name_filter(name)))
        ready = [version for version in versions if version.get("status", "READY") == "READY"]
        notes = [
            f"version {version['version']} is {version['status']}"
            for version in versions
            if version.get("status", "READY") != "READY"
        ]
        return ForeignModel(
            name,
            tuple(self._version(model, item) for item in sorted(ready, key=lambda item: int(item["version"]))),
            {str(item["alias"]): str(item["version"]) for item in model.get("aliases") or ()},
            tuple(notes),
        )

    def _version(self, model: dict[str, Any], version: dict[str, Any]) -> ForeignVersion:
        run = version.get("run_id") or None
        return ForeignVersion(
            model=str(model["name"]),
            version=str(version["version"]),
            identity=identity(model, version),
            created=when(version.get("creation_timestamp")),
            description=version.get("description") or None,
            run=run,
            tags=pairs(version.get("tags")) | own_words(version),
            origin=partial(self._origin, run, str(version.get("source") or "")),
            fetch=partial(self._fetch, str(model["name"]), str(version["version"])),
        )

    def _origin(self, run: str | None, source: str) -> Origin:
        found = self._api.find("runs/get", run_id=run) if run else None
        parts = found["run"] if found else {}
        data, info = parts.get("data") or {}, parts.get("info") or {}
        metrics = {str(item["key"]): number(item.get("value")) for item in data.get("metrics") or ()}
        params = pairs(data.get("params"))
        if (logged := _logged_model(source)) and (model := self._api.find(f"logged-models/{logged}")):
            # What was measured of this very model, where a run may have made several.
            data = model["model"].get("data") or {}
            metrics |= {str(item["key"]): number(item.get("value")) for item in data.get("metrics") or ()}
            params |= pairs(data.get("params"))
        tags = pairs((parts.get("data") or {}).get("tags"))
        return origin(tags, metrics, params, info.get("user_id"))

    def _fetch(self, model: str, version: str, target: Path) -> None:
        uri = self._location(model, version)
        for _ in range(_MOST_STEPS):
            following = self._follow(uri)
            if following is None:
                self._copy(uri, target)
                return
            uri = following
        raise GoneError(f"its files are nowhere: {uri} leads in a circle")

    def _location(self, model: str, version: str) -> str:
        found = self._api.find("model-versions/get-download-uri", name=model, version=version)
        uri = str((found or {}).get("artifact_uri") or "")
        if not uri:
            raise GoneError("the server does not say where its files are")
        return uri

    def _follow(self, uri: str) -> str | None:
        """Where a URI of MLflow's own leads; None for one that names a place."""
        parts = urlsplit(uri)
        if parts.scheme == "runs":
            run, _, path = parts.path.strip("/").partition("/")
            found = self._api.find("runs/get", run_id=run)
            if found is None:
                raise GoneError(f"its run {run} is gone")
            return f"{str(found['run']['info'].get('artifact_uri', '')).rstrip('/')}/{path}"
        if logged := _logged_model(uri):
            found = self._api.find(f"logged-models/{logged}")
            if found is None:
                raise GoneError(f"its logged model {logged} is gone")
            return str(found["model"]["info"].get("artifact_uri", ""))
        if parts.scheme == "models":
            name, _, version = unquote(parts.path).strip("/").rpartition("/")
            return self._location(name, version)
        return None

    def _copy(self, uri: str, target: Path) -> None:
        if path := self._api.artifact_path(uri):
            self._api.download_artifacts(path, target)
        elif urlsplit(uri).scheme in {"", "file"}:
            # Anybody who may register versions there could otherwise name any file that is here.
            if not is_loopback(self._api.http.host):
                hint = "serve them: mlflow server --serve-artifacts"
                raise GoneError("its files are on the server's own disk", where=uri, hint=hint)
            copy_local(Path(unquote(urlsplit(uri).path)), target)
        else:
            copy_from_store(uri, target)


def _logged_model(uri: str) -> str | None:
    """The identifier of MLflow 3's logged model that a URI names: ``models:/m-…``."""
    parts = urlsplit(uri)
    path = parts.path.strip("/")
    return path if parts.scheme == "models" and path.startswith("m-") and "/" not in path else None
