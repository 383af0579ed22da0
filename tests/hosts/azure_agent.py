"""What the agent of Azure Pipelines makes of a line of output; written from its documentation and behaviour."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

PREFIX = "##vso["
TABLE = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"))


@dataclass(frozen=True)
class Carried:
    """A command that the agent carries out."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    data: str = ""


def lines_of(output: str) -> list[str]:
    """The lines that a reader of a process's output sees."""
    return re.split("\r\n|\r|\n", output)


def found_in(line: str, *, percents: bool = True) -> Carried | None:
    """The command in a line, if there is one."""

    def undone(text: str) -> str:
        for escaped, plain in TABLE:
            text = text.replace(escaped, plain)
        return text.replace("%AZP25", "%") if percents else text

    begin = line.find(PREFIX)
    end = line.find("]", begin)
    if begin < 0 or end < 0:
        return None
    name, _, given = line[begin + len(PREFIX) : end].partition(" ")
    if len([part for part in name.split(".") if part]) != 2:
        return None
    pairs = (part.partition("=") for part in given.split(";") if part)
    properties = {key: undone(value) for key, _, value in pairs if key and value}
    return Carried(name, properties, undone(line[end + 1 :]))


def read_as_people_do(line: str) -> str:
    """The line without anything that is not seen, in one case: the widest net a comparison may cast."""
    seen = (letter for letter in unicodedata.normalize("NFC", line) if unicodedata.category(letter) not in {"Cf", "Cc"})
    return re.sub("[\u034f\ufe00-\ufe0f\u115f\u1160]", "", "".join(seen)).lower()


def carried_out(output: str, *, percents: bool = True) -> list[Carried]:
    """All commands in an output."""
    found = (found_in(line, percents=percents) for line in lines_of(output))
    return [command for command in found if command]
