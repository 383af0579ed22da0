"""Commands to the agent of Azure Pipelines, which are lines of the job's output.

The agent looks for ``##vso[`` anywhere in a line, undoes one table of escapes in properties and data alike, and folds
and colours lines that begin with ``##[``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlops_ci.records.conclusion import Annotation

# Printable for Python, yet nothing to see: an agent that compares as people read would skip them inside of a command.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_OPENING = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)
_ESCAPES = {";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"}
_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9]+")
_SHORTEST_LINE = 6  # to hide a shorter line of a secret, such as a bracket, would blank out ordinary text


def neutralise(line: str) -> str:
    """A line of foreign text in which the agent finds no command; it stays readable."""
    visible = "".join(character for character in line if character == "\t" or character.isprintable())
    # Last, as taking characters away may bring the parts of a command together.
    return _OPENING.sub("## ", _UNSEEN.sub("", visible))


def escape(text: str, *, percents: bool = True) -> str:
    """What the agent reads as the text, in a property or after the bracket.

    Args:
        text: anything.
        percents: whether the agent undoes ``%AZP25``. Where a job has switched that off (``DECODE_PERCENTS``), there is
            no escape for a percent sign.
    """
    if percents:
        text = text.replace("%", "%AZP25")
    return "".join(_ESCAPES.get(character, character) for character in text)


def command(name: str, properties: Mapping[str, str | None], data: str, *, percents: bool = True) -> str:
    """One line that the agent carries out; a property that is None or empty is left out."""
    given = ";".join(f"{key}={escape(value, percents=percents)}" for key, value in properties.items() if value)
    return f"##vso[{name}{' ' if given else ''}{given}]{escape(data, percents=percents)}"


def output_name(name: str) -> str:
    """The name of an output as pipelines spell them: ``report-json`` is ``reportJson``."""
    first, *others = [word for word in _BETWEEN_WORDS.split(name) if word]
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def output(name: str, value: str, *, percents: bool = True) -> str:
    """Sets a variable that later steps and jobs read by the name of this step: ``model.promoted``.

    Not as a variable of the job too: there it would take the place of the user's own variables of that name.
    """
    properties = {"variable": output_name(name), "isOutput": "true"}
    return command("task.setvariable", properties, value, percents=percents)


def issue(annotation: Annotation, *, percents: bool = True) -> str:
    """Shows an error or a warning beside the run. Azure has no third level: a notice is a line of the log."""
    title = f"{annotation.title}: " if annotation.title else ""
    message = neutralise(" ".join(f"{title}{annotation.message}".split()))
    if annotation.level == "notice":
        place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
        return neutralise(f"{place}notice: {message}")
    properties = {
        "type": annotation.level,
        "sourcepath": annotation.file,
        "linenumber": str(annotation.line) if annotation.line and annotation.file else None,
    }
    return command("task.logissue", properties, message, percents=percents)


def hiding(secret: str, *, percents: bool = True) -> Iterator[str]:
    """Commands that have the agent hide a secret; it looks for one line at a time."""
    lines = secret.splitlines()
    for line in lines:
        if line.strip() and (len(lines) == 1 or len(line) >= _SHORTEST_LINE):
            yield command("task.setsecret", {}, line, percents=percents)


def undoes_percents(setting: str | None) -> bool:
    """Whether the agent undoes ``%AZP25``, by the job's ``DECODE_PERCENTS``: since 2021 unless it is switched off."""
    return (setting or "").strip().lower() not in {"false", "0", "no", "off"}
