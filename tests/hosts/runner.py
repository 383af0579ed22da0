"""How the runner of GitHub Actions reads the output and the files of a step: a model for tests.

After its ``ActionCommand``, ``OutputManager`` and ``FileCommandManager``. It compares as .NET does with a culture, so
that characters without a weight do not count; the model takes every character that is not ASCII for such a one, and so
finds more commands than the runner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_KNOWN = frozenset(
    {
        "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
        "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
    }
)  # fmt: skip
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_WEIGHTLESS = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class Command:
    """A command that the runner would carry out."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    data: str = ""


def commands(output: str) -> list[Command]:
    """The commands in what a step prints."""
    found = (command_of(line) for line in _LINE_ENDS.split(output))
    return [command for command in found if command]


def command_of(line: str) -> Command | None:
    """The command of a line, in either form."""
    return _colons(line) or _brackets(line)


def looks_like_one(line: str) -> bool:
    """Whether a line has what begins a command, of whatever name, for the runner or for who shows its log."""
    seen = _WEIGHTLESS.sub("", line)
    return seen.lstrip().startswith("::") or "##[" in seen


def _colons(line: str) -> Command | None:
    text = line.lstrip()
    if not _WEIGHTLESS.sub("", text).lstrip().startswith("::"):
        return None
    begin = text.index(":", text.index(":") + 1) + 1
    end = text.find("::", begin)
    if end < 0:
        return None
    return _made(text[begin:end], text[end + 2 :], ",", {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"})


def _brackets(line: str) -> Command | None:
    start = re.search(r"#[^\x20-\x7e]*#[^\x20-\x7e]*\[", line)
    end = line.find("]", start.end()) if start else -1
    if start is None or end < 0:
        return None
    unescaped = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%25": "%"}
    return _made(line[start.end() : end], line[end + 1 :], ";", unescaped)


def _made(info: str, data: str, separator: str, escapes: dict[str, str]) -> Command | None:
    name, _, listed = info.partition(" ")
    if _WEIGHTLESS.sub("", name).lower() not in _KNOWN:
        return None
    pairs = (pair.split("=", 1) for pair in listed.strip().split(separator) if "=" in pair)
    of_data = {code: sign for code, sign in escapes.items() if separator == ";" or code in {"%0D", "%0A", "%25"}}
    properties = {key: _unescaped(value, escapes) for key, value in pairs if key and value}
    return Command(name.lower(), properties, _unescaped(data, of_data))


def _unescaped(text: str, escapes: dict[str, str]) -> str:
    for code, sign in escapes.items():
        text = text.replace(code, sign)
    return text


def outputs(text: str) -> dict[str, str]:
    """The outputs in the file ``GITHUB_OUTPUT``.

    Raises:
        ValueError: the runner would fail the step.
    """
    found: dict[str, str] = {}
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, found_value = line.partition("=")
            found[name] = found_value
        elif heredoc > 0 and line[heredoc + 2 :]:
            delimiter, value = line[heredoc + 2 :], []
            while lines and lines[0] != delimiter:
                value.append(lines.pop(0))
            if not lines:
                raise ValueError("the delimiter is missing")
            lines.pop(0)
            found[line[:heredoc]] = "\n".join(value)
        else:
            raise ValueError(f"not an output: {line!r}")
    return found
