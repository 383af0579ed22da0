"""Records what a version goes by, and what its people say of it."""

from __future__ import annotations

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode
from mlops_ci.records.entry import Body, Described, Explained
from mlops_ci.records.model_card import CardText
from mlops_ci.records.model_explanation import KeptExplanation, ModelExplanation
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.download import fetch
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import CARD_PATH, EXPLANATION_PATH, upload_prefix
from mlops_ci.workspace.store import Store


def record_explanation(log: ModelLog, version: int, file: LocalFile) -> None:
    """Append an explanation to a version's log unless it has one.

    Args:
        log: the log.
        version: the version that is explained.
        file: a ``ModelExplanation``.

    Raises:
        ConflictError: the version was deleted.
        IntegrityError: what arrived in the workspace is not what was sent.
    """

    def decide(state: ModelState) -> Body | None:
        if state.require(version).explanation:
            return None
        attempt = log.uploads.send(["explanation", version], {EXPLANATION_PATH: file}, condemned=state.condemned)
        return Explained(version=version, explanation=KeptExplanation(file.record, attempt))

    log.append(decide)


def record_card(log: ModelLog, version: int, purpose: str | None, text: LocalFile | None) -> None:
    """Append what people say of a version unless it is what they said before.

    Raises:
        ConflictError: the version was deleted.
        IntegrityError: what arrived in the workspace is not what was sent.
    """

    def decide(state: ModelState) -> Body | None:
        known = state.require(version).card or CardText()
        if (known.purpose, known.file) == (purpose, text.record if text else None):
            return None
        attempt = None
        if text:
            attempt = log.uploads.send(["card", version], {CARD_PATH: text}, condemned=state.condemned)
        return Described(version=version, card=CardText(purpose, text.record if text else None, attempt))

    log.append(decide)


def explanation_of(store: Store, version: ModelVersion) -> ModelExplanation | None:
    """The explanation that was recorded with a version; None if there is none.

    Raises:
        IntegrityError: it is missing, has other bytes, or is none.
    """
    kept = version.explanation
    if kept is None:
        return None
    key = upload_prefix(version.model, kept.attempt) + EXPLANATION_PATH
    with scratch_folder() as scratch:
        fetch(store, key, kept.file, scratch / "explanation.json")
        return decode((scratch / "explanation.json").read_bytes(), ModelExplanation, where=key)


def card_text_of(store: Store, version: ModelVersion) -> str | None:
    """The text that was recorded with a version; None if there is none.

    Raises:
        IntegrityError: it is missing, has other bytes, or is no text.
    """
    card = version.card
    if card is None or card.file is None or card.attempt is None:
        return None
    key = upload_prefix(version.model, card.attempt) + CARD_PATH
    with scratch_folder() as scratch:
        fetch(store, key, card.file, scratch / "card.md")
        try:
            return (scratch / "card.md").read_text("utf-8")
        except UnicodeDecodeError as error:
            raise IntegrityError("the text of the model card is no UTF-8", where=key) from error
