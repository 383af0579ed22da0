"""What a job that ran the user's code leaves for the job that judges and publishes."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import Run


@dataclass(frozen=True, slots=True)
class Bundle:
    """The manifest of a bundle. All of it is what another job claims, to be believed as far as that job is.

    ``head`` is the commit that was checked out, ``run`` the record of the run before anything was judged, ``files``
    what its steps have written, as far as somebody reads it; their bytes lie beside the manifest, by digest. ``seeds``
    are the results of the evaluation for each seed after the first.
    """

    format: int
    model: str
    head: str
    run: Run
    files: tuple[FileRecord, ...]
    seeds: tuple[tuple[FileRecord, ...], ...] = ()


BUNDLE_FORMAT = 1
