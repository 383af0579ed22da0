"""Reads the models that GTO keeps as git tags, with ``artifacts.yaml`` saying where their files are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import yaml

from mlops_ci.edge.git import Git
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.exchange.files import copy_from_store, safe_join
from mlops_ci.exchange.foreign import ForeignModel, ForeignVersion, GoneError, Origin
from mlops_ci.exchange.gto_tags import GitTag, GtoArtifact, GtoVersion, read_tags
from mlops_ci.project.paths import escapes, normalise

KIND = "gto"
_FORMAT = "%00".join(
    f"%({name})" for name in ("refname", "*objectname", "taggerdate:unix", "taggername", "objecttype", "contents")
)
_FILES = "100644", "100755"
_LFS = b"version https://git-lfs.github.com/spec/"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://")


class GtoRepository:
    """The registry in the tags of a git repository.

    Raises:
        UsageError: the folder is in no git repository.
    """

    kind = KIND

    def __init__(self, folder: Path) -> None:
        self._git = Git(folder)
        if self._git.status("rev-parse", "--git-dir"):
            raise UsageError(
                "not a git repository", where=str(folder), hint="name the folder of one that has GTO's tags"
            )
        self.where = str(folder)

    def names(self) -> Iterator[str]:
        """The names of its artifacts that are not deprecated, sorted."""
        yield from sorted(name for name, artifact in self._artifacts.items() if not artifact.deprecated)

    def read(self, name: str) -> ForeignModel | None:
        """An artifact; None where there is none of that name."""
        artifact = self._artifacts.get(name)
        if artifact is None:
            return None
        notes = [
            f"stage {stage} is given to commit {sha[:7]}, which has no version" for stage, sha in artifact.lost.items()
        ]
        if artifact.deprecated:
            notes.append(f"{name} is deprecated")
        return ForeignModel(
            name,
            tuple(self._version(artifact, version) for version in artifact.in_order()),
            artifact.stages(),
            tuple(notes),
        )

    @cached_property
    def _artifacts(self) -> dict[str, GtoArtifact]:
        output = self._git.run("for-each-ref", f"--format={_FORMAT}%00%00", "refs/tags").decode("utf-8", "replace")
        records = [record.strip("\n").split("\0") for record in output.split("\0\0\n") if record.strip("\n\0")]
        # GTO writes annotated tags and takes no notice of others.
        return read_tags(
            GitTag(name.removeprefix("refs/tags/"), commit, int(time or 0), tagger, message.strip())
            for name, commit, time, tagger, kind, message in records
            if kind == "tag"
        )

    def _version(self, artifact: GtoArtifact, version: GtoVersion) -> ForeignVersion:
        tag = version.tag
        return ForeignVersion(
            model=artifact.name,
            version=version.version,
            identity=(artifact.name, version.version, tag.commit),
            created=datetime.fromtimestamp(tag.time, UTC).isoformat().replace("+00:00", "Z"),
            description=tag.message or None,
            run=None,
            tags={f"{KIND}.tag": tag.name},
            origin=lambda: Origin(commit=tag.commit, author=tag.tagger or None),
            fetch=partial(self._fetch, artifact.name, tag.commit),
        )

    def _fetch(self, name: str, commit: str, target: Path) -> None:
        path = self._path(name, commit)
        if _URL.match(path):
            copy_from_store(path, target)
            return
        listing = self._git.run("ls-tree", "--full-tree", "-r", "-z", commit, "--", path).decode(
            "utf-8", "surrogateescape"
        )
        entries = [entry.split("\t", 1) for entry in listing.split("\0") if entry]
        if not entries:
            dvc = self._blob(commit, f"{path}.dvc") is not None or self._blob(commit, "dvc.lock") is not None
            kept = f"{path} is not in commit {commit[:7]}"
            raise GoneError(f"{kept}: it is kept by DVC" if dvc else kept)
        for head, file in entries:
            mode, _, blob = head.split(" ")
            if mode not in _FILES:
                raise GoneError(f"{file} of commit {commit[:7]} is no file but a link or a submodule")
            content = self._git.run("cat-file", "blob", blob)
            if content.startswith(_LFS):
                raise GoneError(f"{file} of commit {commit[:7]} is kept by Git LFS")
            place = safe_join(target, posixpath.relpath(file, posixpath.dirname(path) or "."), where=commit)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def _path(self, name: str, commit: str) -> str:
        """Where the files of an artifact are: from the top of the repository, or a URL."""
        folder, _, bare = name.rpartition(":")
        for index in ("artifacts.yaml", "dvc.yaml"):
            found = self._index(commit, posixpath.join(folder, index))
            listed = found.get("artifacts") if index == "dvc.yaml" else found
            entry = listed.get(bare) if isinstance(listed, dict) else None
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str) and _URL.match(path):
                return path
            if isinstance(path, str):
                whole = normalise(posixpath.join(folder, path))
                if escapes(whole):
                    raise IntegrityError(f"{name} has a path outside the repository", where=f"{index} of {commit[:7]}")
                return whole
        raise GoneError(f"artifacts.yaml of commit {commit[:7]} has no path for it")

    def _index(self, commit: str, path: str) -> dict[str, Any]:
        data = self._blob(commit, path)
        try:
            found = None if data is None else yaml.safe_load(data)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            raise GoneError(f"{path} of commit {commit[:7]} is no YAML") from error
        return found if isinstance(found, dict) else {}

    def _blob(self, commit: str, path: str) -> bytes | None:
        if self._git.ask("cat-file", "-t", f"{commit}:{path}") != "blob":
            return None
        return self._git.run("cat-file", "blob", f"{commit}:{path}")
