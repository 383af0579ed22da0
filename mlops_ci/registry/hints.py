"""What a model's newest state looks like to those who do not read its log.

All of it follows from the log and is written after it: the last writer repairs what an earlier one left undone. Readers
compare the number of the entry that a hint speaks of with the log itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.hint import HINT_FORMAT, Checkpoint, Hint
from mlops_ci.records.listing import LISTING_FORMAT, ListedModel, ListedVersion, ModelListing, VersionListing
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import hint_key, log_key, model_file_key, model_listing_key, version_listing_key
from mlops_ci.workspace.store import Store

_NEWEST = 100  # versions in a listing, besides those with an alias


def read_hint(store: Store, model: str) -> Hint | None:
    """The hint about a model's log; None if there is none that we can use."""
    key = hint_key(model)
    data = store.get(key)
    try:
        hint = decode(data, Hint, where=key) if data is not None else None
    except IntegrityError:
        return None  # the next writer replaces it
    if hint is None or (hint.format, hint.model) != (HINT_FORMAT, model) or data != encode(_sealed(hint)):
        return None
    return hint


def require_vouched(hint: Hint | None, state: ModelState) -> None:
    """Refuse a log that ends before its hint does, or whose newest entry, vouched for by no later one, has changed.

    Raises:
        IntegrityError: it does, or has.
    """
    if hint and hint.head > state.head:
        raise IntegrityError(
            f"an entry of the log is missing: the hint knows of {hint.head}",
            where=log_key(state.model, state.head + 1),
            hint=f"restore it from a backup; if it is {hint_key(state.model)} that is wrong, delete that",
        )
    if hint and hint.head == state.head and hint.head_digest != state.head_digest:
        raise IntegrityError(
            "the newest entry of the log is not the one that the hint vouches for",
            where=log_key(state.model, state.head),
            hint=f"restore it from a backup; if it is {hint_key(state.model)} that is wrong, delete that",
        )


def write_hints(store: Store, state: ModelState, checkpoints: tuple[Checkpoint, ...]) -> None:
    """Write the hint and the listings of a model; a failure is no matter, since the next writer writes them again."""
    with suppress(RemoteError):
        store.put(hint_key(state.model), encode(hint_about(state, checkpoints)))
        store.put(version_listing_key(state.model), encode(listing_of(state)))
        _list_model(store, state)


def hint_about(state: ModelState, checkpoints: tuple[Checkpoint, ...]) -> Hint:
    """The hint about a model's log, with the checkpoints that cover it."""
    return _sealed(
        Hint(
            format=HINT_FORMAT,
            model=state.model,
            head=state.head,
            head_digest=state.head_digest or "",
            checkpoints=checkpoints,
            aliases={name: state.versions[target.version] for name, target in state.aliases.items()},
        )
    )


def _sealed(hint: Hint) -> Hint:
    return replace(hint, checksum=digest_of_value(replace(hint, checksum="")))


def listing_of(state: ModelState) -> VersionListing:
    """The listing of a model's versions."""
    newest = (number for number in range(state.last_version, 0, -1) if number not in state.deleted)
    shown = {number for number, _ in zip(newest, range(_NEWEST), strict=False)}
    shown |= {target.version for target in state.aliases.values()}
    return VersionListing(
        format=LISTING_FORMAT,
        model=state.model,
        seq=state.head,
        complete=len(shown) == len(state.versions),
        versions=tuple(_listed(state.versions[number]) for number in sorted(shown, reverse=True)),
    )


def line_of(state: ModelState) -> ListedModel:
    """A model's line in the list of all."""
    return ListedModel(
        name=state.model,
        seq=state.head,
        versions=len(state.versions),
        newest=max(state.versions, default=None),
        aliases={name: target.version for name, target in sorted(state.aliases.items())},
        listing=version_listing_key(state.model),
    )


def _listed(version: ModelVersion) -> ListedVersion:
    return ListedVersion(
        version=version.version,
        commit=version.commit,
        created=version.created,
        digest=version.digest,
        objects=model_file_key(version.model, version.attempt, ""),
        files=version.files,
        aliases=version.aliases,
        tags=version.tags,
        metrics=version.metrics,
    )


def _list_model(store: Store, state: ModelState) -> None:
    """Put a model's line into the list of all; of two writers who do so at once, one may undo the other's line.

    Its model's next writer writes it again.
    """
    key = model_listing_key()
    data = store.get(key)
    try:
        models = {one.name: one for one in decode(data, ModelListing, where=key).models} if data else {}
    except IntegrityError:
        models = {}
    models[state.model] = line_of(state)
    store.put(key, encode(ModelListing(LISTING_FORMAT, tuple(models[name] for name in sorted(models)))))
