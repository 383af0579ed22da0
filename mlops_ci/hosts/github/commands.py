"""Commands to the runner, which are lines of output, and how text is kept from being one.

The runner (actions/runner, ``ActionCommand.cs``) knows two forms. ``::name key=value::data`` acts where a line begins
with it, white space aside; ``##[name key=value]data`` acts wherever it stands in a line. It compares as people read,
not byte by byte: characters that cannot be seen do not count for it.
"""

from __future__ import annotations

import re

from mlops_ci.records.conclusion import Annotation

GROUP_END = "::endgroup::"
SHORTEST_MASK = 6

# What is not ASCII may be a character that the runner passes over.
_AT_THE_START = re.compile(r"\A(?P<before>[^\x21-\x7e]*:)(?P<after>[^\x20-\x7e]*:)")
_ANYWHERE = re.compile(r"(?P<before>#[^\x00-\x7f]*#)(?P<after>[^\x00-\x7f]*\[)")


def neutralise(line: str) -> str:
    """Make one line of a text that is no command in either form, by a space that anybody can read over."""
    return _AT_THE_START.sub(r"\g<before> \g<after>", _unbracketed(_printable(line)))


def annotation(remark: Annotation) -> str:
    """``error``, ``warning`` or ``notice``, on a line of a file where there is one."""
    properties = {
        "file": remark.file,
        "line": str(remark.line) if remark.file and remark.line else None,
        "title": remark.title,
    }
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{remark.level}{' ' + said if said else ''}::{_data(remark.message)}"


def plainly(remark: Annotation) -> str:
    """A remark as a line of the log, for which the runner has no place left."""
    place = f"{remark.file}:{remark.line or 1}: " if remark.file else ""
    title = f"{remark.title}: " if remark.title else ""
    return neutralise(f"{place}{remark.level}: {title}{' '.join(remark.message.split())}")


def group(title: str) -> str:
    """Begin to fold."""
    return f"::group::{_data(' '.join(title.split()))}"


def masks(secret: str) -> tuple[str, ...]:
    """Hide a value. Output is masked line by line, so that each line of it is hidden, too.

    Of several lines those that are too short to be a secret are left: ``}`` would blank out ordinary text. An empty
    value would do nothing but warn.
    """
    lines = secret.splitlines()
    long = [line for line in lines if len(line.strip()) >= SHORTEST_MASK]
    values = dict.fromkeys([secret, *long] if len(lines) > 1 else lines)
    return tuple(f"::add-mask::{_escaped(value)}" for value in values if value.strip())


def _data(text: str) -> str:
    lines = (_unbracketed(_printable(line)) for line in text.splitlines())
    return _escaped("\n".join(lines))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _unbracketed(text: str) -> str:
    return _ANYWHERE.sub(r"\g<before> \g<after>", text)


def _printable(line: str) -> str:
    return "".join(character for character in line if character == "\t" or character.isprintable())
