"""Reads the models of an MLflow file store: a folder ``mlruns``, without any server or MLflow itself."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.exchange.files import copy_from_store, copy_local, safe_join
from mlops_ci.exchange.foreign import ForeignModel, ForeignVersion, GoneError, Origin
from mlops_ci.exchange.mlflow_values import KIND, identity, is_prompt, number, origin, own_words, when

_META = "meta.yaml"
_LARGEST_META = 1 << 20
_MOST_STEPS = 8


class MlflowFolder:
    """The registry in a folder.

    Raises:
        UsageError: the folder is no file store, or has no models.
    """

    kind = KIND

    def __init__(self, folder: Path) -> None:
        candidates = [folder, folder / "mlruns"]
        self._root = next((place for place in candidates if (place / "models").is_dir()), folder)
        if not (self._root / "models").is_dir():
            database = next(folder.glob("*.db"), None)
            raise UsageError(
                "no MLflow file store with registered models",
                where=str(folder),
                hint=f"start mlflow server --backend-store-uri sqlite:///{database.name} and import from its address"
                if database
                else "name the folder mlruns, or the address of an MLflow server",
            )

    @property
    def where(self) -> str:
        """The folder."""
        return str(self._root)

    def names(self) -> Iterator[str]:
        """The names of its models, sorted."""
        for folder in sorted((self._root / "models").iterdir()):
            if (folder / _META).is_file() and not is_prompt(_values(folder / "tags")):
                yield folder.name

    def read(self, name: str) -> ForeignModel | None:
        """A model; None where there is none of that name."""
        if name not in self.names():
            return None
        folder = self._root / "models" / name
        model = {**_meta(folder / _META), "name": name}
        versions, notes = [], []
        for place in folder.glob("version-*"):
            if not (place / _META).is_file():
                continue
            version = _meta(place / _META)
            if version.get("current_stage") == "Deleted_Internal":
                continue
            if version.get("status") != "READY":
                notes.append(f"version {version.get('version')} is {version.get('status')}")
                continue
            versions.append((_whole_number(version, place), version, place))
        return ForeignModel(
            name,
            tuple(self._version(model, version, place) for _, version, place in sorted(versions, key=lambda v: v[0])),
            _values(folder / "aliases"),
            tuple(notes),
        )

    def _version(self, model: dict[str, Any], version: dict[str, Any], place: Path) -> ForeignVersion:
        run = str(version.get("run_id") or "") or None
        location = str(version.get("storage_location") or version.get("source") or "")
        return ForeignVersion(
            model=str(model["name"]),
            version=str(version["version"]),
            identity=identity(model, version),
            created=when(version.get("creation_timestamp")),
            description=version.get("description") or None,
            run=run,
            tags=_values(place / "tags") | own_words(version),
            origin=partial(self._origin, run, str(version.get("source") or "")),
            fetch=partial(self._fetch, location),
        )

    def _origin(self, run: str | None, source: str) -> Origin:
        folder = self._find(run) if run else None
        meta = _meta(folder / _META) if folder else {}
        metrics = _metrics(folder / "metrics") if folder else {}
        params = _values(folder / "params") if folder else {}
        if logged := self._find(_last_part(source), "models") if source.startswith("models:/m-") else None:
            metrics |= _metrics(logged / "metrics")
            params |= _values(logged / "params")
        return origin(_values(folder / "tags") if folder else {}, metrics, params, meta.get("user_id"))

    def _find(self, name: str, below: str = ".") -> Path | None:
        """The folder of a run, or of a logged model, in whichever experiment."""
        if not name.replace("-", "").replace("_", "").isalnum():
            return None
        return next((place for place in self._root.glob(f"*/{below}/{name}") if (place / _META).is_file()), None)

    def _fetch(self, location: str, target: Path) -> None:
        for _ in range(_MOST_STEPS):
            parts = urlsplit(location)
            if parts.scheme == "runs":
                run, _, path = parts.path.strip("/").partition("/")
                location = self._artifacts(run, ".", "artifact_uri", path)
            elif parts.scheme == "models" and "/" not in parts.path.strip("/"):
                location = self._artifacts(_last_part(location), "models", "artifact_location", "")
            elif parts.scheme == "models":
                location = self._other_version(unquote(parts.path).strip("/"))
            elif parts.scheme in {"", "file"}:
                copy_local(self._moved(Path(unquote(parts.path))), target)
                return
            elif parts.scheme in {"mlflow-artifacts", "http", "https"}:
                hint = "import from the address of that server"
                raise GoneError("its files are kept by a tracking server", where=location, hint=hint)
            else:
                copy_from_store(location, target)
                return
        raise GoneError(f"its files are nowhere: {location} leads in a circle")

    def _artifacts(self, name: str, below: str, key: str, path: str) -> str:
        folder = self._find(name, below)
        if folder is None:
            raise GoneError(f"its {'run' if key == 'artifact_uri' else 'logged model'} {name} is gone")
        uri = str(_meta(folder / _META).get(key) or folder / "artifacts")
        return f"{uri.rstrip('/')}/{path}" if path else uri

    def _other_version(self, path: str) -> str:
        name, _, number_ = path.rpartition("/")
        place = safe_join(self._root / "models", f"{name}/version-{number_}", where=self.where)
        if not (place / _META).is_file():
            raise GoneError(f"version {number_} of {name}, of which it is a copy, is gone")
        meta = _meta(place / _META)
        return str(meta.get("storage_location") or meta.get("source") or "")

    def _moved(self, path: Path) -> Path:
        """Where artifacts are now: the store writes down absolute paths, which a copied folder leaves behind."""
        if path.exists():
            return path
        for experiment in self._root.iterdir():
            head, found, tail = path.as_posix().partition(f"/{experiment.name}/")
            if found and head and tail and (place := experiment / posixpath.normpath(tail)).exists():
                if not place.resolve().is_relative_to(self._root.resolve()):
                    raise IntegrityError("a path leads out of the store", where=str(path))
                return place
        return path


def _meta(file: Path) -> dict[str, Any]:
    """A record, read as YAML 1.1: so MLflow writes it."""
    try:
        if file.stat().st_size > _LARGEST_META:
            raise UsageError("no record of MLflow is that large", where=str(file))
        found = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError("not a record of MLflow", where=str(file), hint="is the store whole?") from error
    if not isinstance(found, dict):
        raise UsageError("not a record of MLflow", where=str(file), hint="is the store whole?")
    return found


def _whole_number(version: dict[str, Any], place: Path) -> int:
    text = str(version.get("version"))
    if not text.isdecimal():
        raise UsageError("a version without a number", where=str(place), hint="is the store whole?")
    return int(text)


def _values(folder: Path) -> dict[str, str]:
    """What is kept as one file a key, whose name may have slashes."""
    return {
        file.relative_to(folder).as_posix(): file.read_text("utf-8", errors="replace").removesuffix("\n")
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _metrics(folder: Path) -> dict[str, float | None]:
    """The last value of each metric; a line is ``time value step …``."""
    found: dict[str, float | None] = {}
    for key, text in _values(folder).items():
        points = [line.split(" ") for line in text.splitlines() if line.strip()]
        if points:
            last = max(points, key=lambda point: (_integer(point, 2), _integer(point, 0)))
            found[key] = number(last[1] if len(last) > 1 else "")
    return found


def _integer(point: list[str], place: int) -> int:
    text = point[place] if len(point) > place else ""
    return int(text) if text.lstrip("-").isdecimal() else 0


def _last_part(uri: str) -> str:
    return urlsplit(uri).path.strip("/").rpartition("/")[2]
