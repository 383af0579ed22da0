"""The decorators of ``inference-schema`` on ``run``: what they tell of its parameters and of its answer.

The package itself converts the parameters when ``run`` is called; here is only read what it wrote down. A script that
uses it has imported it, so nothing is imported for one that does not.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

from mlops_ci.serving.contracts import ScriptSchema

_SCHEMAS = "inference_schema.schema_util"
_CONVERSION = ("inference_schema", "_deserialize_input_argument")


def schema_of(run: Callable[..., Any]) -> ScriptSchema | None:
    """What the decorators say, or None where there are none."""
    module = sys.modules.get(_SCHEMAS)
    if module is None or not module.is_schema_decorated(run):
        return None
    return ScriptSchema(_or_none(module.get_input_schema, run), _or_none(module.get_output_schema, run))


def failed_converting(error: BaseException) -> bool:
    """Whether the decorators could not make of the caller's value what the parameter wants."""
    package, function = _CONVERSION
    frames = traceback.walk_tb(error.__traceback__)
    return any(
        frame.f_code.co_name == function and frame.f_globals.get("__name__", "").startswith(package)
        for frame, _ in frames
    )


def _or_none(ask: Callable[[Any], dict[str, Any]], run: Callable[..., Any]) -> dict[str, Any] | None:
    """A schema; the package raises a bare ``Exception`` where one of the decorators is missing."""
    try:
        return ask(run)
    except Exception:
        return None
