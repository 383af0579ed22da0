"""Steps that are notebooks: how they are run, and what of a notebook is a part of the model."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from typing import Any

from mlops_ci.errors import ConfigurationError, Problem

TOOL = "notebook"
PURPOSE = "notebooks"
NEEDED = ("ipykernel>=6.25", "nbclient>=0.10", "nbformat>=5.7")
"""What running a notebook needs beside the user's own software."""
FOLDER = ".mlops-ci/notebooks"
_OBEYED_TAGS = ("raises-exception", "skip-execution")
_AGAIN = "open it in Jupyter and save it again"


def executed_notebook(step: str) -> str:
    """Where a step leaves its notebook with the outputs."""
    return f"{FOLDER}/{step}.ipynb"


def notebook_command(step: str, notebook: str) -> str:
    """The command that runs a notebook."""
    return shlex.join(["python", "-m", "mlops_ci.notebook", notebook, "--keep", executed_notebook(step)])


def prepared_notebook(data: bytes, file: str) -> bytes:
    """A notebook as it is run and fingerprinted: its cells, without what running and looking at it has left.

    The format is that of Jupyter (nbformat 4). Kept are the kinds of the cells, their sources and attachments, and the
    tags that say how a cell is run.

    Args:
        data: the bytes of the file.
        file: its name, for messages.

    Raises:
        ConfigurationError: it is no notebook, or not one of Python.
    """
    notebook = _parsed(data, file)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or notebook.get("nbformat") != 4:
        raise _problem(file, "not a notebook of format 4", _AGAIN)
    language = _language(notebook.get("metadata"))
    if language.lower() not in {"python", "ipython", ""}:
        hint = "only notebooks of Python are run so; a run: step can start any other program"
        raise _problem(file, f"a notebook of {language[:40]}", hint)
    prepared = {
        "cells": list(_cells(notebook["cells"], file)),
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return (json.dumps(prepared, indent=1, sort_keys=True) + "\n").encode()


def without_secrets(text: str, redact: Callable[[str], str]) -> str | None:
    """An executed notebook in which every text has gone through ``redact``; None where it is no JSON any more."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(_redacted(notebook, redact), indent=1, ensure_ascii=False) + "\n"


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(key): _redacted(item, redact) for key, item in value.items()}
    return value


def _parsed(data: bytes, file: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        what = f"not a notebook: {error.msg}"
        raise ConfigurationError([Problem(file, error.lineno, error.colno, what, "mend the file")]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise _problem(file, "not a notebook", _AGAIN) from error


def _cells(cells: list[Any], file: str) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(cells, 1):
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if kind not in {"code", "markdown", "raw"} or not isinstance(source, str):
            raise _problem(file, f"cell {number} is none of Jupyter's", _AGAIN)
        metadata = cell.get("metadata")
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        obeyed = [tag for tag in _OBEYED_TAGS if isinstance(tags, list) and tag in tags]
        prepared: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": obeyed} if obeyed else {}, "source": source}
        if kind == "code":
            prepared |= {"execution_count": None, "outputs": []}
        elif isinstance(cell.get("attachments"), dict):
            prepared["attachments"] = cell["attachments"]
        yield prepared


def _language(metadata: Any) -> str:
    for section, key in (("kernelspec", "language"), ("language_info", "name")):
        found = metadata.get(section) if isinstance(metadata, dict) else None
        language = found.get(key) if isinstance(found, dict) else None
        if isinstance(language, str):
            return language
    return ""


def _problem(file: str, what: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(file, 1, 1, what, hint)])
