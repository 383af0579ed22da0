"""What somebody says that a model eats and answers, of a model that was trained elsewhere."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.edge.tables import columns_of, read_table, require_columns
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.sampling import samples_from
from mlops_ci.records.codec import decode_strictly, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.records.signature import Signature
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import SAMPLES_PATH


def stated_signature(
    signature: Path | None, inputs: Path | None, scratch: Path
) -> tuple[Signature | None, LocalFile | None]:
    """The signature of a model, and some rows of its inputs.

    Args:
        signature: JSON with ``inputs`` and ``outputs``, each a list of columns with ``name`` and ``type``.
        inputs: a table of what the model eats; with a signature, of at least its input columns.
        scratch: a folder for the file of the rows.

    Raises:
        UsageError: a file is missing, or is not what it should be; or the table lacks a column of the signature.
    """
    stated = _read(signature) if signature else None
    if inputs is None:
        return stated, None
    if not inputs.is_file():
        raise UsageError("no such file", where=str(inputs))
    table = read_table(inputs, called=str(inputs))
    names = tuple(column.name for column in stated.inputs) if stated and stated.inputs else tuple(table.columns)
    require_columns(table, names, called=str(inputs))
    found = stated or Signature(columns_of(table, names), ())
    samples = samples_from(table, names, None, None, None)
    if samples is None:
        return found, None
    data, file = encode(samples), scratch / SAMPLES_PATH
    file.write_bytes(data)
    return found, LocalFile(FileRecord(SAMPLES_PATH, digest_of_bytes(data), len(data)), lambda: file)


def _read(path: Path) -> Signature:
    hint = 'write {"inputs": [{"name": "age", "type": "Int64"}], "outputs": []}'
    try:
        found = decode_strictly(path.read_bytes(), Signature, where=str(path))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except IntegrityError as error:
        raise UsageError(error.what, where=str(path), hint=hint) from error
    names = [column.name for column in found.inputs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two inputs are called {twice!r}", where=str(path), hint="name each column once")
    return found
