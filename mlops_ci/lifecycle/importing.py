"""Brings the versions and aliases of another registry into ours. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.redaction import Redactor, redactor_for
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.exchange.foreign import ForeignModel, ForeignRegistry, ForeignVersion, GoneError, Origin
from mlops_ci.lifecycle.foreign_names import fit_alias, fit_tags
from mlops_ci.project.names import is_name, require_model_name
from mlops_ci.records.commit import Commit
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.store import LostRaceError

_TOGETHER = 50  # versions; what a signal or a lost race takes away is not more than that


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """What became of a version. ``version`` is its number here; ``reason`` says why it was skipped."""

    foreign: str
    outcome: Literal["imported", "known", "new", "skipped"]
    version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedAlias:
    """What became of an alias; ``version`` is where it points now."""

    foreign: str
    alias: str | None
    outcome: Literal["moved", "unchanged", "would move", "skipped"]
    version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """What became of a model. Under ``--dry-run`` nothing was written, and versions that would be are ``new``."""

    model: str
    source: str
    foreign: str
    versions: tuple[ImportedVersion, ...] = ()
    aliases: tuple[ImportedAlias, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every version is here."""
        return all(version.outcome != "skipped" for version in self.versions)


@dataclass(frozen=True, slots=True)
class Import:
    """What to import, and into which logs.

    Args:
        registry: the other registry.
        names: the models there; none for all.
        rename: the name here, if there is one model.
        log_of: the log of a model here; None where nothing may be written and there is none yet.
        environ: the environment variables, whose secrets are kept out of the log.
        project: a folder of the repository that the commits are in, if it is here.
        dry_run: write nothing.
    """

    registry: ForeignRegistry
    names: tuple[str, ...]
    rename: str | None
    log_of: Callable[[str], ModelLog | None]
    environ: Mapping[str, str]
    project: Path
    dry_run: bool


def import_models(request: Import) -> Iterator[ImportedModel]:
    """Import one model after the other.

    Raises:
        UsageError: a model does not exist there, or its name cannot be a name here; nothing has been written.
        RemoteError: the other registry failed; what was imported so far stays, and another run goes on from there.
    """
    chosen = _choose(request)
    importer = _Importer(request, _checkout(request.project), redactor_for(request.environ))
    for model, name in chosen:
        yield importer.model(model, name)


def _choose(request: Import) -> list[tuple[ForeignModel, str]]:
    names = list(dict.fromkeys(request.names)) or list(request.registry.names())
    where = request.registry.where
    if not names:
        raise UsageError("there are no models", where=where)
    if request.rename is not None and len(names) > 1:
        raise UsageError(f"--as is for one model, and there are {len(names)}", where=where, hint="say --model NAME too")
    chosen = []
    for name in names:
        own = require_model_name(request.rename) if request.rename else name
        if not is_name(own):
            hint = f"import it alone, under a name of yours: --model {name!r} --as NAME"
            raise UsageError(f"{name!r} cannot be the name of a model here", where=where, hint=hint)
        model = request.registry.read(name)
        if model is None:
            raise UsageError(f"no model {name!r}", where=where, hint="names are those of the other registry")
        chosen.append((model, own))
    return chosen


@dataclass(frozen=True, slots=True)
class _Some:
    versions: list[ImportedVersion]
    notes: list[str]
    error: MlopsError | None = None


@dataclass(frozen=True, slots=True)
class _Importer:
    request: Import
    checkout: Checkout | None
    redact: Redactor

    def model(self, model: ForeignModel, name: str) -> ImportedModel:
        log = self.request.log_of(name)
        versions, notes = list[ImportedVersion](), list(model.notes)
        waiting = iter(model.versions)
        while some := tuple(islice(waiting, _TOGETHER)):
            done = self._some(log, some)
            versions += done.versions
            notes += done.notes
            if done.error:
                raise done.error
        known = {version.foreign: version.version for version in versions if version.outcome != "skipped"}
        aliases = tuple(
            self._alias(log, model, alias, target, known) for alias, target in sorted(model.aliases.items())
        )
        return ImportedModel(name, self.request.registry.where, model.name, tuple(versions), aliases, tuple(notes))

    def _some(self, log: ModelLog | None, versions: Sequence[ForeignVersion]) -> _Some:
        """Import versions in one go, in far less time than one by one; those before an error stay."""

        def work() -> _Some:
            done, notes = list[ImportedVersion](), list[str]()
            try:
                for version in versions:
                    done.append(self._version(log, version, notes))
            except LostRaceError:
                raise
            except MlopsError as error:
                return _Some(done, notes, error)
            return _Some(done, notes)

        return work() if log is None or self.request.dry_run else log.together(work)

    def _version(self, log: ModelLog | None, version: ForeignVersion, notes: list[str]) -> ImportedVersion:
        fingerprint = digest_of_value([self.request.registry.kind, *version.identity])
        found = _known(log.read(), version, fingerprint) if log else None
        if found:
            return ImportedVersion(version.version, "known", found.version)
        if log is None or self.request.dry_run:
            return ImportedVersion(version.version, "new")
        try:
            with scratch_folder() as scratch:
                folder = scratch / "files"
                folder.mkdir()
                version.fetch(folder)
                made = self._register(log, version, version.origin(), fingerprint, folder, notes)
        except GoneError as error:
            return ImportedVersion(version.version, "skipped", reason=self.redact(error.line()))
        return ImportedVersion(version.version, "imported", made.version)

    def _register(
        self,
        log: ModelLog,
        version: ForeignVersion,
        origin: Origin,
        fingerprint: str,
        folder: Path,
        notes: list[str],
    ) -> ModelVersion:
        kind = self.request.registry.kind
        said = {
            f"{kind}.name": version.model if version.model != log.model else None,
            f"{kind}.version": version.version,
            f"{kind}.created": version.created,
            f"{kind}.run": version.run,
            f"{kind}.author": origin.author,
            f"{kind}.description": version.description,
        }
        tags, cut = fit_tags({**version.tags, **{key: value for key, value in said.items() if value}}, self.redact)
        notes.extend(f"version {version.version}: {note}" for note in cut)
        return register(
            log,
            Registration(
                commit=origin.commit,
                fingerprint=fingerprint,
                files=tuple(_files(folder)),
                tags=tags,
                metrics=origin.metrics,
                params={key: self.redact(value) for key, value in origin.params.items()},
                source=self._describe(origin.commit),
                evaluation=Evaluation(numbers=origin.metrics) if origin.metrics else None,
            ),
        ).version

    def _alias(
        self, log: ModelLog | None, model: ForeignModel, foreign: str, target: str, known: Mapping[str, int | None]
    ) -> ImportedAlias:
        alias = fit_alias(foreign, model.aliases)
        if alias is None:
            return ImportedAlias(foreign, None, "skipped", reason="it cannot be the name of an alias here")
        if target not in known:
            return ImportedAlias(foreign, alias, "skipped", reason=f"version {target} is not here")
        number = known[target]
        state = log.read() if log else None
        current = state.alias(alias) if state else None
        if current and current.version == number:
            return ImportedAlias(foreign, alias, "unchanged", number)
        if current and f"{self.request.registry.kind}.version" not in current.tags:
            reason = f"it points to v{current.version}, which was not imported; mlops-ci promote moves it"
            return ImportedAlias(foreign, alias, "skipped", current.version, reason)
        if log is None or number is None or self.request.dry_run:
            return ImportedAlias(foreign, alias, "would move", number)
        reason = f"imported: {foreign} of {self.request.registry.kind} names version {target}"
        move_alias(log, alias, number, rollback=True, reason=reason, expect=current.version if current else None)
        return ImportedAlias(foreign, alias, "moved", number)

    def _describe(self, commit: str | None) -> Commit | None:
        """The commit, if it is one of this repository."""
        try:
            known = self.checkout.resolve(commit) if self.checkout and commit else None
        except UsageError:
            return None
        return self.checkout.describe(known, self.redact) if self.checkout and known else None


def _known(state: ModelState, version: ForeignVersion, fingerprint: str) -> ModelVersion | None:
    """The version that it is here: imported before, or mirrored from here."""
    if found := state.with_fingerprint(fingerprint):
        return found
    ours = version.tags.get("mlops-ci.digest")
    number = version.tags.get("mlops-ci.version", "")
    found = state.versions.get(int(number)) if number.isdecimal() else None
    return found if found and found.digest == ours else None


def _files(folder: Path) -> Iterable[LocalFile]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        record = FileRecord(file.relative_to(folder).as_posix(), digest_of_file(file), file.stat().st_size)
        yield LocalFile(record, partial(Path, file))


def _checkout(project: Path) -> Checkout | None:
    try:
        return Checkout(project if project.is_dir() else project.parent)
    except UsageError:
        return None
