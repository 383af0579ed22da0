"""Steps, datasets and parameters that several projects share: the files that a project file includes.

A file's own entries stand before those that it includes; two included files that say the same differently are refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.errors import ConfigurationError, Problem, UsageError
from mlops_ci.project.paths import normalise
from mlops_ci.project.schema_problems import schema_problems
from mlops_ci.project.yaml12 import Located, Path, parse_mapping

Reader = Callable[[str], bytes | None]
"""Reads a file by its path from the folder of ``mlops.yaml``; None if there is none.

Raises:
    UsageError: it may not be read.
"""
_SECTIONS = ("steps", "datasets", "params")


def nothing_to_include(_: str) -> None:
    """A reader that knows no file."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One step, dataset or parameter, and the file that it stands in."""

    file: str
    document: Located


def with_includes(
    document: Located, schema: dict[str, Any], file: str, read: Reader
) -> tuple[Located, tuple[str, ...]]:
    """A project's document with all that it includes, and the paths of the files that it includes.

    Raises:
        ConfigurationError: what is wrong with the included files, each problem where it stands.
    """
    including = _Including(schema, read)
    entries = including.entries_of(document, file, "", ())
    if including.problems:
        raise ConfigurationError(including.problems)
    return _merged(document, file, entries), tuple(including.documents)


@dataclass(frozen=True, slots=True)
class _Including:
    schema: dict[str, Any]
    read: Reader
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, Located | None] = field(default_factory=dict)

    def entries_of(self, document: Located, file: str, path: str, above: tuple[str, ...]) -> dict[Path, _Entry]:
        """What a file and all that it includes say, by section and name.

        Args:
            document: the file.
            file: what it is called in messages.
            path: where it is, empty for the project file itself.
            above: the files that include it.
        """
        own = {place: _Entry(file, document) for place in _places(document)}
        found: dict[Path, _Entry] = {}
        for at, wanted in _included(document, path):
            chain = (*above, path)
            if wanted in chain or (not path and wanted == file):
                circle = " → ".join([*filter(None, chain), wanted])
                self._complain(document, file, at, "the files include one another", circle)
                continue
            inner = self._document(wanted, document, file, at)
            if inner is None:
                continue
            for place, entry in self.entries_of(inner, wanted, wanted, chain).items():
                other = found.setdefault(place, entry)
                if other.file != entry.file and place not in own:
                    what = f"{'.'.join(map(str, place))} stands in {other.file} too"
                    self._complain(entry.document, entry.file, place, what, f"rename one, or write it in {file}")
        return {**found, **own}

    def _document(self, wanted: str, document: Located, file: str, at: Path) -> Located | None:
        if wanted not in self.documents:
            self.documents[wanted] = self._read(wanted, document, file, at)
        return self.documents[wanted]

    def _read(self, wanted: str, document: Located, file: str, at: Path) -> Located | None:
        try:
            data = self.read(wanted)
            if data is None:
                self._complain(document, file, at, f"there is no file {wanted!r}", "mend the path, or commit the file")
                return None
            found = parse_mapping(data, wanted)
        except ConfigurationError as error:
            self.problems.extend(error.problems)
            return None
        except UsageError as error:
            self._complain(document, file, at, error.what, error.hint)
            return None
        if problems := schema_problems(found, _shared(self.schema), wanted):
            self.problems.extend(problems)
            return None
        return found

    def _complain(self, document: Located, file: str, at: Path, what: str, hint: str | None) -> None:
        self.problems.append(Problem(file, *document.key_at(at), what, hint))


def _shared(schema: dict[str, Any]) -> dict[str, Any]:
    """What may stand in an included file."""
    known = schema["properties"]
    properties = {name: known[name] for name in ("version", "include", "steps", "datasets")}
    return {
        "$defs": schema["$defs"],
        "type": "object",
        "additionalProperties": False,
        "properties": {**properties, "params": {"type": "object"}},
    }


def _included(document: Located, path: str) -> Iterator[tuple[Path, str]]:
    """The files that a file includes, and where it says so; what is no list of paths, the schema refuses."""
    wanted = document.value.get("include")
    for index, item in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(item, str):
            yield ("include", index), normalise(posixpath.join(posixpath.dirname(path), item))


def _places(document: Located) -> Iterator[Path]:
    for section in _SECTIONS:
        value = document.value.get(section)
        if isinstance(value, dict):
            yield from ((section, name) for name in value)


def _merged(document: Located, file: str, entries: dict[Path, _Entry]) -> Located:
    value, keys, values = dict(document.value), dict(document.keys), dict(document.values)
    files: dict[Path, str] = {}
    for (section, name), entry in entries.items():
        if entry.document is document:
            continue
        mine = value.get(section, {})
        if not isinstance(mine, dict):
            if section == "params":
                what = f"the parameters of {file} are a file of their own"
                at = entry.document.key_at((section, name))
                raise ConfigurationError([Problem(entry.file, *at, what, f"write them in {mine}")])
            continue  # the schema refuses it
        value[section] = {**mine, name: entry.document.value[section][name]}
        files[section, name] = entry.file
        for source, target in ((entry.document.keys, keys), (entry.document.values, values)):
            target.update((path, at) for path, at in source.items() if path[:2] == (section, name))
    return Located(value, keys, values, files)
