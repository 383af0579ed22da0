"""YAML 1.2 core schema on PyYAML, with the position of every key and value.

PyYAML reads YAML 1.1, in which ``1e-4`` is text, ``NO`` is false and ``12:30`` is 750. Anchors, aliases, custom
tags and duplicate keys are refused: no configuration needs them, and the first three are how a small file becomes
a large one or an object of the reader's program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from mlops_ci.errors import ConfigurationError, Problem

Path = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Located:
    """A value and, for each path inside it, where its key and its value stand (line and column from 1).

    ``files`` says of what stands in another file which one that is.
    """

    value: Any
    keys: dict[Path, Position]
    values: dict[Path, Position]
    files: dict[Path, str] = field(default_factory=dict)

    def at(self, path: Path) -> Position:
        """Where a value stands; for one that is missing, where its nearest parent does."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def key_at(self, path: Path) -> Position:
        """Where a key stands."""
        return self.keys.get(path) or self.at(path)

    def file_of(self, path: Path, file: str) -> str:
        """The file that something stands in, ``file`` being the document's own."""
        return self.files.get(path[:2], file)


def parse_mapping(data: bytes, file: str) -> Located:
    """Parse the bytes of a document that is a mapping.

    Raises:
        ConfigurationError: they are no text, or something else.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise ConfigurationError([Problem(file, line, column, "not UTF-8 text", "save the file as UTF-8")]) from error
    document = parse(text, file)
    if not isinstance(document.value, dict):
        raise ConfigurationError([Problem(file, 1, 1, "a mapping is expected", "start with version: 1")])
    return document


def parse(text: str, file: str) -> Located:
    """Parse one YAML document.

    Raises:
        ConfigurationError: with one located problem for each thing that is wrong.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigurationError(
            [Problem(file, line, column, f"not valid YAML: {error.problem or error.context}")]
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError([Problem(file, line, 1, f"not valid YAML: {error.reason}")]) from error
    except RecursionError as error:
        raise ConfigurationError([Problem(file, 1, 1, "not valid YAML: nested too deeply")]) from error
    builder = _Builder(file)
    value = None if root is None else builder.build(root, ())
    if builder.problems:
        raise ConfigurationError(builder.problems)
    return Located(value, builder.keys, builder.values)


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused("anchors and aliases are not supported: write the value out", event)
        if getattr(event, "tag", None):
            raise _refused(f"tags such as {event.tag} are not supported: write a plain or quoted value", event)
        return super().compose_node(parent, index)


def _refused(why: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.composer.ComposerError(None, None, why, event.start_mark)


def _float(text: str) -> float:
    special = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
    return special[text.lower()] if text.lower() in special else float(text)


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)


# YAML 1.2.2, section 10.3.2
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"^(null|Null|NULL|~|)$"), lambda _: None),
    (re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), lambda text: text.lower() == "true"),
    (re.compile(r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), _integer),
    (
        re.compile(r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
        _float,
    ),
)


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.values[path] = _position(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, "a key must be a plain word")
                continue
            key = self._joined(key_node.value, key_node)
            if key in result:
                self._complain(key_node, f"the key {key!r} appears twice")
                continue
            self.keys[*path, key] = _position(key_node)
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        # A quoted or block scalar is text; only plain ones are resolved.
        if getattr(node, "style", None) is not None:
            return self._joined(text, node)
        for pattern, convert in _SCALARS:
            if pattern.match(text):
                try:
                    return convert(text)
                except ValueError:  # Python reads no more than 4300 digits
                    self._complain(node, "the number is too long")
        return text

    def _joined(self, text: str, node: yaml.Node) -> str:
        """A character beyond 16 bits may be escaped as two halves, as JSON does it; PyYAML leaves them apart."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._complain(node, "half of an escaped character is missing")
            return text

    def _complain(self, node: yaml.Node, what: str) -> None:
        line, column = _position(node)
        self.problems.append(Problem(self.file, line, column, what))


def _position(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
