"""``environment.yml``: the software of a conda environment, as its author wrote it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci.errors import ConfigurationError, Problem
from mlops_ci.project.yaml12 import Located, Path, parse

_KNOWN = frozenset({"name", "prefix", "channels", "dependencies", "variables"})


@dataclass(frozen=True, slots=True)
class CondaFile:
    """Channels in order of preference, what is wanted of them, and what pip is to add."""

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    pip: tuple[str, ...] = ()


def parse_conda(text: str, file: str) -> CondaFile:
    """Read an ``environment.yml``; its ``name`` and ``prefix`` mean nothing to us.

    Raises:
        ConfigurationError: everything that is wrong with it.
    """
    document = parse(text, file)
    problems: list[Problem] = []

    def complain(path: Path, what: str, hint: str | None = None) -> None:
        problems.append(Problem(file, *document.at(path), what, hint))

    value = document.value
    if not isinstance(value, dict):
        raise ConfigurationError([Problem(file, 1, 1, "a mapping is expected", "start with channels: [conda-forge]")])
    for key in value:
        if key not in _KNOWN:
            complain((key,), f"unknown key {key!r}", f"known: {', '.join(sorted(_KNOWN))}")
    if value.get("variables"):
        complain(("variables",), "variables are not set in a step", "name what a step may see in its env:")
    channels = _channels(document, complain)
    specs: list[str] = []
    pip: list[str] = []
    for index, item in enumerate(_texts_or_pip(document, complain)):
        if isinstance(item, str):
            specs.append(item)
            continue
        for number, line in enumerate(item):
            if isinstance(line, str) and line.strip() and not line.strip().startswith("-"):
                pip.append(line.strip())
            else:
                complain(
                    ("dependencies", index, "pip", number),
                    "a requirement such as pandas>=2 is expected",
                    "write what the file says here",
                )
    if problems:
        raise ConfigurationError(problems)
    return CondaFile(channels, tuple(specs), tuple(pip))


def _channels(document: Located, complain: Any) -> tuple[str, ...]:
    channels = document.value.get("channels")
    if not isinstance(channels, list) or not all(isinstance(name, str) and name for name in channels) or not channels:
        complain(
            ("channels",) if "channels" in document.value else (), "channels are expected", "such as [conda-forge]"
        )
        return ()
    if "defaults" in channels:
        hint = "write conda-forge, or the address of the channel"
        complain(("channels", channels.index("defaults")), "'defaults' is what conda is configured to", hint)
    return tuple(name for name in channels if name != "nodefaults")


def _texts_or_pip(document: Located, complain: Any) -> list[str | list[Any]]:
    """The dependencies: texts, and the lists below ``pip``."""
    given = document.value.get("dependencies")
    if not isinstance(given, list) or not given:
        where: Path = ("dependencies",) if "dependencies" in document.value else ()
        complain(where, "dependencies are expected", "such as [python=3.11, scikit-learn]")
        return []
    found: list[str | list[Any]] = []
    for index, item in enumerate(given):
        if isinstance(item, str) and item.strip():
            found.append(item.strip())
        elif isinstance(item, dict) and list(item) == ["pip"] and isinstance(item["pip"], list):
            found.append(item["pip"])
        else:
            complain(("dependencies", index), "a package is expected, such as python=3.11", None)
            found.append([])
    return found
