"""Changes single values of a YAML or JSON text and leaves all else of it as it is, comments too. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from mlops_ci.errors import UsageError
from mlops_ci.project.yaml12 import parse


def with_value(text: str, file: str, keys: Sequence[str], value: Any) -> str:
    """The text with one value replaced.

    Args:
        text: a YAML or JSON document.
        file: what it is called, for errors.
        keys: of the mappings around the value, and its own.
        value: what shall stand there, as JSON has it.

    Raises:
        UsageError: there is no such key, or it has further keys below it.
        ConfigurationError: the text is not valid.
    """
    parse(text, file)  # refuses what PyYAML would read otherwise
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    name = ".".join(keys)
    for depth, key in enumerate(keys):
        known = node.value if isinstance(node, yaml.MappingNode) else []
        found = {one.value: value for one, value in known if isinstance(one, yaml.ScalarNode)}
        if key not in found:
            where = f"{file}: {'.'.join(keys[:depth])}" if depth else file
            hint = f"keys there: {', '.join(found)}" if found else "it has no keys there"
            raise UsageError(f"no parameter {name!r}", where=where, hint=hint)
        node = found[key]
    if node is None or (isinstance(node, yaml.CollectionNode) and not node.flow_style):
        raise UsageError(f"the parameter {name!r} is not one value", where=file, hint="name one that is inside it")
    start, end = node.start_mark.index, node.end_mark.index
    before = "" if start == 0 or text[start - 1].isspace() or text[start - 1] in "[{,:" else " "
    if start == end and text[start - 1 : start] == ":":  # an empty value
        before = " "
    ending = "\n" if text[start:end].endswith("\n") else ""  # of a block of text
    changed = f"{text[:start]}{before}{json.dumps(value, ensure_ascii=False)}{ending}{text[end:]}"
    parse(changed, file)
    return changed


def parse_assignment(text: str) -> tuple[str, Any]:
    """The dotted key and the value of ``train.depth=8``; the value is read as YAML.

    Raises:
        UsageError: it is not of that form.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError("not a parameter", where=repr(text[:80]), hint="write it as train.depth=8")
    return key.strip(), parse(value, "--param").value
