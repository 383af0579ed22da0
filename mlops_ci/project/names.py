"""The patterns of names, in one place because names become keys, paths and references."""

from __future__ import annotations

import re

from mlops_ci.errors import UsageError

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")
_VERSION = re.compile(r"^v?[0-9]+$")
_HEXADECIMAL = re.compile(r"^[0-9a-f]+$")
_TAG_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
TAG_LENGTH = 256


def is_name(text: str) -> bool:
    """Whether the text can name a model or a step."""
    return bool(_NAME.fullmatch(text)) and ".." not in text


def require_model_name(text: str) -> str:
    """Return the name of a model.

    Raises:
        UsageError: it is none.
    """
    if not is_name(text):
        shown = text if len(text) <= 60 else text[:60] + "…"
        raise UsageError(
            "not a model name",
            where=repr(shown),
            hint="use at most 100 lower-case letters, digits and inner '.', '_' and '-'",
        )
    return text


def require_sink_name(text: str) -> str:
    """Return the name of somebody who hears of events; it becomes a part of keys.

    Raises:
        UsageError: it is none.
    """
    if not is_name(text):
        hint = "use at most 100 lower-case letters, digits and inner '.', '_' and '-'"
        raise UsageError("not the name of a sink", where=repr(text[:60]), hint=hint)
    return text


def require_hold_name(text: str) -> str:
    """Return the name under which a person protects a version.

    Raises:
        UsageError: it is none.
    """
    if not is_name(text):
        hint = "use at most 100 lower-case letters, digits and inner '.', '_' and '-', such as audit-2026"
        raise UsageError("not the name of a protection", where=repr(text[:60]), hint=hint)
    return text


def is_alias(text: str) -> bool:
    """Whether the text can name an alias: it cannot be taken for a version or a commit."""
    return is_name(text) and text != "baseline" and not _VERSION.match(text) and not _HEXADECIMAL.match(text)


def require_alias(text: str) -> str:
    """Return the name of an alias: a name that cannot be taken for a version or a commit.

    Raises:
        UsageError: it is none.
    """
    if not is_alias(text):
        raise UsageError(
            "not an alias name",
            where=repr(text[:60]),
            hint="use a word such as champion, which cannot be taken for a version or a commit",
        )
    return text


def is_tag_key(text: str) -> bool:
    """Whether the text can be the name of a tag."""
    return bool(_TAG_KEY.fullmatch(text))


def parse_tags(items: tuple[str, ...]) -> dict[str, str]:
    """Parse ``name=value`` texts.

    Raises:
        UsageError: one of them is not of that form.
    """
    tags = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not _TAG_KEY.fullmatch(key) or len(value) > TAG_LENGTH or not value.isprintable():
            raise UsageError("not a tag", where=repr(item[:80]), hint="write it as name=value, such as team=fraud")
        tags[key] = value
    return tags
