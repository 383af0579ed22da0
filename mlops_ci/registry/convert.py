"""Records what came of converting a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mlops_ci.records.conversion import Conversion
from mlops_ci.records.entry import Body, Converted
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import conversion_path


def converted_before(recorded: Conversion | None, conversion: Conversion) -> bool:
    """Whether a conversion is news: times differ with every measurement, and what is served was decided then."""
    if recorded is None:
        return False
    if recorded.forms and not conversion.forms and not conversion.tools:
        return True  # a converter that came to no end takes nothing back
    return _lasting(recorded) == _lasting(conversion)


def record_conversion(
    log: ModelLog, version: int, conversion: Conversion, files: Mapping[str, LocalFile]
) -> Conversion:
    """Append a conversion to a version's log unless it is there, and return the one that stands.

    Args:
        log: the log.
        version: the version that was converted.
        conversion: what came of it.
        files: its files by their path in the forms.

    Raises:
        ConflictError: the version was deleted.
        IntegrityError: what arrived in the workspace is not what was sent.
    """

    def decide(state: ModelState) -> Body | None:
        recorded = state.require(version).conversion
        if converted_before(recorded, conversion):
            return None
        if not conversion.forms:
            return Converted(version=version, conversion=replace(conversion, attempt=None))
        stored = {conversion_path(form.file.path): files[form.file.path] for form in conversion.forms}
        attempt = log.uploads.send(["conversion", version], stored, condemned=state.condemned)
        return Converted(version=version, conversion=replace(conversion, attempt=attempt))

    return log.append(decide).require(version).conversion or conversion


def _lasting(conversion: Conversion) -> Conversion:
    forms = tuple(replace(form, speed=()) for form in conversion.forms)
    return replace(conversion, forms=forms, served=None, int8=None, attempt=None)
