"""The kinds of models that can be converted, in the order in which they are asked."""

from __future__ import annotations

from typing import Any, Protocol

from mlops_ci.converter import lightgbm_kind, onnx_kind, sklearn_kind, torch_kind, xgboost_kind
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.table import Table
from mlops_ci.converter.trouble import NotConvertibleError


class Kind(Protocol):
    """One file for each; a module is one of these."""

    def takes(self, model: Any) -> bool:
        """Whether this is such a model."""

    def original(self, model: Any, rows: Table) -> Original:
        """How the original is called."""

    def export(self, model: Any, rows: Table, *, single: bool = False) -> Exported:
        """Convert it; computing in float32 if ``single``, so that its weights can be quantised."""


KINDS: tuple[Kind, ...] = (lightgbm_kind, xgboost_kind, onnx_kind, torch_kind, sklearn_kind)


def kind_of(model: Any) -> Kind:
    """The kind of a model.

    Raises:
        NotConvertibleError: there is no such kind.
    """
    for kind in KINDS:
        if kind.takes(model):
            return kind
    raise NotConvertibleError(
        f"{type(model).__module__}.{type(model).__qualname__} is no kind of model that is known here"
    )
