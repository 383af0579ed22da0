"""From the names and texts of other registries to what can be written here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from mlops_ci.project.names import TAG_LENGTH, is_alias, is_tag_key

_ELLIPSIS = "…"


def fit_alias(name: str, all_names: Collection[str]) -> str | None:
    """An alias as it is called here: in lower case, unless that is another's name; None if it cannot be one."""
    if is_alias(name):
        return name
    lower = name.lower()
    alone = lower not in all_names and sum(other.lower() == lower for other in all_names) == 1
    return lower if alone and is_alias(lower) else None


def fit_tags(tags: Mapping[str, str], redact: Callable[[str], str]) -> tuple[dict[str, str], list[str]]:
    """Tags as they can be kept here, and what had to be changed."""
    fitted: dict[str, str] = {}
    notes = []
    for key, value in tags.items():
        if not is_tag_key(key):
            notes.append(f"the tag {key[:60]!r} was left out: it cannot be the name of a tag here")
            continue
        # One line: a line break would be a second line wherever tags are shown.
        line = "".join(letter if letter.isprintable() else " " for letter in redact(value)).strip()
        if len(line) > TAG_LENGTH:
            notes.append(f"the tag {key} was cut to {TAG_LENGTH} characters")
            line = line[: TAG_LENGTH - 1] + _ELLIPSIS
        fitted[key] = line
    return fitted, notes
