"""Which models a workspace has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlops_ci.project.names import is_name
from mlops_ci.workspace.layout import MODELS, log_key
from mlops_ci.workspace.store import Store


def model_names(store: Store) -> Iterator[str]:
    """The models that have a log, sorted."""
    return (name for name in traces_of_models(store) if store.get(log_key(name, 1)) is not None)


def traces_of_models(store: Store) -> Sequence[str]:
    """The names under which anything at all is kept, were it an upload that never got its entry; sorted."""
    return [name for name in store.folders(MODELS) if is_name(name)]
